"""What an operation came to, shown as the command shows it that began one of its kind."""

from typing import Protocol

from pydantic import JsonValue

from drillyard.base.errors import ExitCode
from drillyard.cli import (
    apply,
    check,
    disaster,
    measure,
    pause,
    recovered,
    rehearse,
    reset,
    stop,
    submit,
    traffic,
)
from drillyard.cli.starting import show as show_started
from drillyard.drill.wire import Request


class Show(Protocol):
    """Shows a result, and gives the exit code that goes with it; None for one that can only be good."""

    def __call__(self, result: JsonValue, *, as_json: bool) -> ExitCode | None:
        """Show it."""


SHOW: dict[str, Show] = {
    "start": show_started,
    "apply": apply.show,
    "measure": measure.show,
    "check": check.show,
    "submit": submit.show,
    "reset": reset.show,
    "pause": pause.show,
    "stop": stop.show,
    "traffic": traffic.show,
    "disaster": disaster.show,
    "rehearse": rehearse.show,
    "recovered": recovered.show,
}


def show(request: Request, result: JsonValue, *, as_json: bool) -> ExitCode | None:
    """Show what came of a request."""
    return SHOW[request.kind](result, as_json=as_json)
