"""Every fault as an action: `network_delay` puts a `network.delay` in, with its parameters.

An action returns when its fault is on. The fault ends by itself after `seconds`, with `end_faults` (a
rollback), or when its error budget is spent.
"""

import inspect
from collections.abc import Callable
from typing import Any

from drillyard.base.errors import UserError
from drillyard.chaos.connection import Configuration, connected
from drillyard.drill.fault_views import FaultsView, FaultView
from drillyard.drill.wire import Inject
from drillyard.faults.catalog import function_of, kinds
from drillyard.faults.fault import Fault

Action = Callable[..., dict[str, Any]]
_LAST = ("seconds", "error_budget", "configuration")


def end_faults(configuration: Configuration = None) -> list[str]:
    """End every fault that is on; gives their names. As a rollback it makes sure that none outlives a run.

    Raises:
        UserError: one could not be ended; says why. The others are.
    """
    with connected(configuration) as client:
        on = client.get("/faults", FaultsView).on
        refused: UserError | None = None
        for each in reversed(on):
            try:
                client.delete(f"/faults/{each.number}", FaultsView)
            except UserError as error:  # its time may have come meanwhile
                refused = error
        if refused and {each.number for each in client.get("/faults", FaultsView).on} & {
            each.number for each in on
        }:
            raise refused
    return [each.fault for each in on]


def _action(name: str, kind: type[Fault]) -> Action:
    """A function whose signature is that of the fault, as the toolkit reads it."""

    def act(**arguments: Any) -> dict[str, Any]:
        last = {each: arguments.pop(each, None) for each in _LAST}
        asked = Inject(
            fault=kind.id,
            parameters=arguments,
            duration_s=30.0 if last["seconds"] is None else last["seconds"],
            error_budget=last["error_budget"],
        )
        with connected(last["configuration"]) as client:
            return client.post("/faults", asked, FaultView).model_dump(mode="json")

    act.__name__ = act.__qualname__ = name
    act.__doc__ = f"{kind.title}. {inspect.getdoc(kind)}"
    act.__signature__ = inspect.Signature(_parameters(kind), return_annotation=dict)  # type: ignore[attr-defined]  # what inspect looks for
    return act


def _parameters(kind: type[Fault]) -> list[inspect.Parameter]:
    own = [
        (name, inspect.Parameter.empty if field.is_required() else field.default, field.annotation)
        for name, field in kind.model_fields.items()
    ]
    own.sort(key=lambda each: each[1] is not inspect.Parameter.empty)
    further = [("seconds", 30.0, float), ("error_budget", None, float), ("configuration", None, dict)]
    place = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [
        inspect.Parameter(name, place, default=default, annotation=annotation)
        for name, default, annotation in (*own, *further)
    ]


ACTIONS = {function_of(kind): _action(function_of(kind), fault) for kind, fault in kinds().items()}
globals().update(ACTIONS)
__all__ = ["end_faults", *ACTIONS]  # noqa: PLE0604 - they are names
