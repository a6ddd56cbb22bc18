"""Faults in the learner's range: which are on, what guards them, and what the timeline hears of them."""

import asyncio
from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.base.tasks import to_its_end
from drillyard.drill.aftermath import require_no_disaster
from drillyard.drill.engine import Engine
from drillyard.drill.events import FaultEnded, FaultInjected
from drillyard.drill.fault_views import FaultView, KindView, ParameterView
from drillyard.drill.making import LEARNER
from drillyard.drill.naming import a_noun
from drillyard.drill.places import Places
from drillyard.drill.subjects import requests_of
from drillyard.drill.trials import injector_of
from drillyard.drill.wire import BusyError, Inject
from drillyard.faults.catalog import family_of, kinds
from drillyard.faults.fault import Fault
from drillyard.faults.injector import SPENT, Guard, Injection, Injector, unguarded
from drillyard.faults.scene import Scene
from drillyard.range.range import Range
from drillyard.range.wiring import names_of_links
from drillyard.traffic.outcomes import Tail


def faults_of(places: Places) -> Path:
    """Where faults that are on are kept."""
    return places.private / "faults"


async def take_up(engine: Engine, range_: Range) -> None:
    """Be ready to inject into a range that has just started; what a daemon that died left on is ended."""
    if engine.faults is not None:
        return

    def told(injection: Injection, why: str) -> None:
        engine.store.append(_ended(injection, why) if why else _injected(injection))

    injector = Injector(Scene(range_), faults_of(engine.places), told)
    await to_its_end(injector.restore())
    await to_its_end(injector_of(engine.places, LEARNER, range_).restore())
    engine.faults = injector


async def inject(engine: Engine, asked: Inject) -> FaultView:
    """Begin a fault.

    Raises:
        UserError: the range does not run, something else is going on, or as `Injector.inject`.
    """
    injector = _injector(engine)
    require_no_disaster(engine.places)
    if current := engine.operations.current:
        raise BusyError(f"The drill is busy: {a_noun(current.request)}", next_step="Wait for it: drill watch")
    guard = _guard(engine, asked)
    return view_of(await injector.inject(asked.fault, asked.parameters, asked.duration_s, guard))


def _injected(injection: Injection) -> FaultInjected:
    return FaultInjected(
        number=injection.number,
        fault=injection.kind,
        parameters=injection.parameters,
        duration_s=injection.duration_s,
    )


def _ended(injection: Injection, why: str) -> FaultEnded:
    return FaultEnded(number=injection.number, fault=injection.kind, why=why)


async def end(engine: Engine, number: int) -> None:
    """End one.

    Raises:
        UserError: none of that number is on.
    """
    await _injector(engine).end(number)


def on_now(engine: Engine) -> list[FaultView]:
    """Those that are on, oldest first."""
    return [view_of(each) for each in engine.faults.on] if engine.faults else []


def view_of(injection: Injection) -> FaultView:
    """As it is shown."""
    return FaultView(
        number=injection.number,
        fault=injection.kind,
        parameters=injection.parameters,
        began=injection.began,
        duration_s=injection.duration_s,
    )


def known() -> list[KindView]:
    """All kinds, with their parameters."""
    return [_kind_view(name, kind) for name, kind in kinds().items()]


def links(engine: Engine) -> list[str]:
    """The connections of the range that runs, by name; none where it has no network, or none runs."""
    range_ = engine.range
    if range_ is None or not range_.spec.network:
        return []
    return names_of_links(range_.spec)


def _kind_view(name: str, kind: type[Fault]) -> KindView:
    schema = kind.model_json_schema()
    parameters = [
        ParameterView.of(each, properties, required=each in schema.get("required", []))
        for each, properties in schema.get("properties", {}).items()
    ]
    return KindView(
        id=name,
        family=family_of(name),
        title=kind.title,
        about=" ".join((kind.__doc__ or "").split()),
        undone=kind.undone,
        moves=[f"{each.reading} {each.way}" for each in kind.moves],
        within_s=kind.within_s,
        networked=kind.networked,
        parameters=parameters,
    )


def _injector(engine: Engine) -> Injector:
    engine.running  # noqa: B018 - says what is wrong when nothing runs
    if engine.faults is None:
        raise UserError("The range is not ready", next_step="Bring it up: drill resume")
    return engine.faults


def _guard(engine: Engine, asked: Inject) -> Guard:
    """Ends a fault when more of its requests have failed than it was given."""
    if asked.error_budget is None:
        return unguarded
    customers = engine.customers
    if customers is None or not customers.here:
        raise UserError(
            "An error budget is spent by customers, and none come",
            next_step="Have them come: drill traffic on",
        )
    allowed = asked.error_budget * customers.rate * asked.duration_s
    requests = requests_of(engine.places.private)

    tail, failed = Tail(requests), 0

    async def guard(injection: Injection) -> str:
        nonlocal failed
        failed += int((~(await asyncio.to_thread(tail.more)).good).sum())
        return f"{SPENT}: {failed} requests failed, {allowed:.0f} were allowed" if failed > allowed else ""

    return guard
