"""Watching a drill come up, for `drill start` and `drill resume`."""

import subprocess

from pydantic import JsonValue

from drillyard.cli.following import announce, follow, run
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import Places
from drillyard.drill.views import OperationsView, StartedView
from drillyard.drill.wire import OperationView, Start


def follow_start(places: Places, spawned: subprocess.Popen[bytes] | None = None, *, as_json: bool) -> None:
    """Follow the start that the daemon has begun by itself, or begin one.

    `spawned` is the daemon of a drill that was only just made: its start is followed even when it has ended
    already.
    """
    with Client(places, "start", spawned) as client:
        announce(client)
        begun = _begun(client.get("/operations", OperationsView).operations, fresh=spawned is not None)
        result = follow(client, begun) if begun else run(client, Start())
    show(result, as_json=as_json)


def show(result: JsonValue, *, as_json: bool) -> None:
    """Where the shop and the workspace are, and what is next."""
    if as_json:
        show_json(result)
        return
    started = StartedView.model_validate(result)
    out.print(f"The shop serves at [bold]{started.url}[/]  ({started.took_s:.1f} s)", soft_wrap=True)
    out.print(f"Your workspace is  [bold]{started.workspace}[/]", soft_wrap=True)
    for warning in started.warnings:
        out.print(f"[yellow]{warning}[/]", soft_wrap=True)
    out.print(f"Next: [bold]drill brief[/]  (drill {started.name}, variant {started.variant})")


def _begun(operations: list[OperationView], *, fresh: bool) -> OperationView | None:
    starts = [operation for operation in operations if operation.request.kind == "start"]
    return starts[-1] if starts and (fresh or starts[-1].state == "running") else None
