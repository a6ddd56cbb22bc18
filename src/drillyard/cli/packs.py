"""`drill packs`: scenarios that are kept elsewhere."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from drillyard.author.packs import Pack, add, check_free, examined, kept, remove
from drillyard.base.errors import UserError
from drillyard.cli.asking import confirm
from drillyard.cli.options import Json
from drillyard.cli.screen import counted, err, out, show_json


class Action(StrEnum):
    """What to do."""

    ADD = "add"
    LIST = "list"
    REMOVE = "remove"


def command(
    action: Annotated[Action, typer.Argument(help="add, list or remove.")] = Action.LIST,
    what: Annotated[str, typer.Argument(help="A folder or an archive; to remove, a pack's name.")] = "",
    name: Annotated[str, typer.Option(help="What to call it; by default after the folder.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Scenarios that are kept elsewhere: add a folder or an archive of them, list or remove them."""
    if action is Action.LIST:
        _list(as_json=as_json)
    elif not what:
        raise UserError(f"`drill packs {action}` needs to know what", next_step=f"drill packs {action} WHAT")
    elif action is Action.REMOVE:
        remove(what)
        out.print(f"The pack {escape(what)} is forgotten.")
    else:
        _add(Path(what), name, yes=yes, as_json=as_json)


def _list(*, as_json: bool) -> None:
    packs = kept()
    if as_json:
        show_json(packs)
        return
    for pack, slugs in packs.items():
        out.print(f"{pack}: {', '.join(slugs)}")
    if not packs:
        out.print("No pack was added. `drill packs add FOLDER` adds one.")


def _add(source: Path, name: str, *, yes: bool, as_json: bool) -> None:
    with examined(source, name) as pack:
        check_free(pack)
        _show(pack)
        if not yes:
            confirm("Add it?")
        slugs = add(pack)
    show_json(slugs) if as_json else out.print(f"Added. Next: drill start {slugs[0]}")


def _show(pack: Pack) -> None:
    said = f"{counted(len(pack.code), 'scenario')}, {counted(pack.files, 'file')}, {pack.bytes // 1024} kB"
    err.print(f"The pack {pack.name}: {said}. These files are code that will run as you:")
    for code in pack.code:
        err.print(f"  {code.slug} ({code.title}): {', '.join(code.files)}", markup=False, highlight=False)
    err.print("Add it only if you trust whoever wrote it.")
