"""`drill note`: the learner's own log book."""

from typing import Annotated

import typer

from drillyard.base.clock import wall
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json, span
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import NoteRequest, NotesView, NoteView


def command(
    text: Annotated[str | None, typer.Argument(help="What you found.")] = None,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Write down what you found; without text, read your notes."""
    with Client(choose(drill), "note") as client:
        if text is not None:
            note = client.post("/notes", NoteRequest(text=text), NoteView)
            show_json(note) if as_json else out.print(f"Note {note.id} is kept.")
            return
        found = client.get("/notes", NotesView)
    if as_json:
        show_json(found)
        return
    for note in found.notes:
        out.print(f"[bold]{note.id}[/]  [dim]{span(wall() - note.at)} ago[/]  {note.text}", markup=True)
    if not found.notes:
        out.print('No notes yet. Write one: drill note "search has no index"')
