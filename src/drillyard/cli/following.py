"""Following an operation on the terminal: progress, its result at the end, and what Ctrl-C means."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import JsonValue
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from drillyard.base.errors import DrillyardError, ExitCode
from drillyard.cli.screen import err
from drillyard.drill.client import Client, outcome
from drillyard.drill.naming import noun
from drillyard.drill.views import OperationsView
from drillyard.drill.wire import Line, OperationView, Request
from drillyard.drill.wire import Progress as ProgressEvent

CANCELLED_BY_CTRL_C = ("measure", "check", "rehearse", "traffic")
"""What Ctrl-C interrupts; everything else changes the range or is too dear to lose, and goes on."""


_Show = Callable[[ProgressEvent], None]


def run(client: Client, request: Request) -> JsonValue:
    """Start an operation, follow it to its end, and give its result.

    Raises:
        UserError: it failed, or was interrupted.
        SystemExit: the learner pressed Ctrl-C; what that meant has been said.
    """
    ready(client)
    return follow(client, client.begin(request))


def ready(client: Client) -> None:
    """While the range is coming up, whoever had it started, wait until it is there.

    Raises:
        UserError: the range did not come up.
    """
    announce(client)
    operations = client.get("/operations", OperationsView).operations
    for operation in operations[-1:]:
        if operation.request.kind == "start" and operation.state == "running":
            follow(client, operation)


def announce(client: Client) -> None:
    """Say when a daemon had died and was started again for this command."""
    if client.reached.died:
        err.print(
            "The drill's daemon had ended unexpectedly; it was started again and is bringing the range back."
        )


def follow(client: Client, operation: OperationView) -> JsonValue:
    """Follow an operation to its end and give its result; see `run`."""
    try:
        return outcome(_watch(client, operation))
    except KeyboardInterrupt:
        _interrupted(client, operation)
        raise SystemExit(ExitCode.INTERRUPTED) from None


def _watch(client: Client, operation: OperationView) -> Line:
    with _progress(noun(operation.request)) as show:
        for line in client.follow(operation.id):
            if isinstance(line.event, ProgressEvent):
                show(line.event)
            else:
                return line
    raise DrillyardError(f"operation {operation.id} ended without a result")


@contextmanager
def _progress(name: str) -> Iterator[_Show]:
    if not err.is_terminal:
        yield lambda event: print(event.message, file=sys.stderr, flush=True)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(name, total=None)

        def show(event: ProgressEvent) -> None:
            total = None if event.fraction is None else 1.0
            bar.update(task, description=event.message, total=total, completed=event.fraction or 0)

        yield show


def _interrupted(client: Client, operation: OperationView) -> None:
    kind, name = operation.request.kind, noun(operation.request)
    if kind in CANCELLED_BY_CTRL_C:
        err.print(f"Interrupting the {name} ...")
        ended = client.cancel(operation.id)
        if ended.state == "cancelled":
            err.print(f"Interrupted: the {name} was given up, and the range is as it was before.")
        else:
            err.print(f"The {name} had ended already. See it with `drill watch {operation.id}`.")
        return
    again = "drill submit" if kind == "submit" else f"drill watch {operation.id}"
    err.print(
        f"You stopped watching; the {name} goes on. See it with `{again}`,"
        f" interrupt it with `drill watch {operation.id} --cancel`."
    )
