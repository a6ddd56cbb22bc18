"""What can be said of an experiment by its text alone: whatever is valid, and still not what was meant."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeGuard

from chaoslib.hypothesis import within_tolerance
from pydantic import ValidationError

from drillyard.chaos.activities import HYPOTHESIS, Call, calls, function_of, unknown
from drillyard.faults.catalog import kinds
from drillyard.faults.injector import LONGEST_S
from drillyard.measure.reading import Unit
from drillyard.measure.source import PER_REQUEST, Described
from drillyard.measure.sources import source_types

BROKEN_WORLD: Mapping[str, float | bool] = {
    "requests.success_ratio": 0.5,
    "latency.p95": 5000.0,
    "queue.oldest_max": 300.0,
    "business.orders": 0.0,
}
"""What the readings are in a shop that is broken by any measure: a hypothesis that holds here cannot fail."""
_OF_CUSTOMERS = tuple(
    Described(name, Unit.COUNT)
    for name in ("requests.count", "requests.success_ratio", "latency.p50", "latency.p95", "latency.p99")
)
_NO_PARAMETERS = ("seconds", "error_budget", "configuration")


@dataclass(frozen=True)
class Remark:
    """One thing: `kind` is stable, `where` its place in the experiment, `text` what is so and what to do."""

    kind: str
    where: str
    text: str


def review(experiment: Mapping[str, Any]) -> list[Remark]:
    """Look through an experiment without running anything of it.

    Kinds: `no-hypothesis`, `no-rollbacks`, `no-seconds`, `bad-parameters`, `unknown-reading`,
    `loose-tolerance` (of one probe), `cannot-fail` (of the whole hypothesis).
    """
    found = list(calls(experiment))
    remarks = [*_about_hypothesis(experiment, found)]
    if not experiment.get("rollbacks"):
        remarks.append(
            Remark(
                "no-rollbacks",
                "rollbacks",
                "There are no rollbacks: what is on at the end stays on until its time is over."
                " End it with `end_faults` of drillyard.chaos.actions.",
            )
        )
    for call in found:
        if call.module == "actions" and call.function != "end_faults":
            remarks += _about_action(call)
        elif call.module == "probes":
            remarks += _about_probe(call)
    return remarks


def refutable(experiment: Mapping[str, Any]) -> bool:
    """Whether its hypothesis has a probe that asks what customers get, or how old jobs are, with a tolerance
    that a broken shop is out of.
    """
    return any(
        call.where.startswith(HYPOTHESIS) and _when_broken(call) is not None and not _holds_when_broken(call)
        for call in calls(experiment)
        if call.module == "probes" and call.activity.get("tolerance") is not None
    )


def _about_action(call: Call) -> Iterator[Remark]:
    if call.arguments.get("seconds") is None:
        yield Remark(
            "no-seconds",
            call.where,
            f"`{call.function}` does not say for how long: it lasts 30 seconds. Give it `seconds`.",
        )
    by_function = {function_of(kind): kind for kind in kinds()}
    if kind := by_function.get(call.function):
        next_step = f"Its parameters, with bounds: drill fault list {kind}"
        for wrong in (*_out_of_bounds(call), *_refused(kind, call)):
            yield Remark(
                "bad-parameters", call.where, f"`{call.function}` cannot be this: {wrong}. {next_step}"
            )


def _out_of_bounds(call: Call) -> Iterator[str]:
    """What the action itself takes, beside the fault's parameters."""
    seconds, budget = call.arguments.get("seconds"), call.arguments.get("error_budget")
    if _is_number(seconds) and not 0 < seconds <= LONGEST_S:
        yield f"seconds: above 0, at most {LONGEST_S:g}, not {seconds:g}"
    if _is_number(budget) and not 0 <= budget <= 1:
        yield f"error_budget: a share from 0 to 1, not {budget:g}"


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refused(kind: str, call: Call) -> Iterator[str]:
    """What the fault says of its parameters; of those that are known when it runs, nothing."""
    given = {name: value for name, value in call.arguments.items() if name not in _NO_PARAMETERS}
    open_ = {name for name, value in given.items() if unknown(value)}
    try:
        kinds()[kind].model_validate({name: value for name, value in given.items() if name not in open_})
    except ValidationError as error:
        for each in error.errors():
            if not each["loc"] or each["loc"][0] not in open_:
                place = ".".join(map(str, each["loc"]))
                yield f"{place}: {each['msg']}" if place else each["msg"]


def _about_probe(call: Call) -> Iterator[Remark]:
    name = call.reading
    if name and not unknown(name) and not any(each.matches(name) for each in _given()):
        yield Remark(
            "unknown-reading",
            call.where,
            f"A look at the shop gives no reading `{name}`: the probe will fail."
            " Names are in docs/readings.md; what only a measurement can tell (promises, content) is none.",
        )


@cache
def _given() -> tuple[Described, ...]:
    """The readings that a look can give."""
    found = [*_OF_CUSTOMERS, *(each for source in source_types() for each in source.describes)]
    return (*found, *(Described(each.name + PER_REQUEST, each.unit) for each in found if each.per_request))


def _about_hypothesis(experiment: Mapping[str, Any], found: list[Call]) -> Iterator[Remark]:
    hypothesis = experiment.get(HYPOTHESIS)
    probes = hypothesis.get("probes") if isinstance(hypothesis, Mapping) else None
    if not probes:
        yield Remark(
            "no-hypothesis",
            HYPOTHESIS,
            "There is no hypothesis with probes: the run can show something, and prove nothing.",
        )
        return
    loose = [call for call in found if call.where.startswith(HYPOTHESIS) and _holds_when_broken(call)]
    for call in loose:
        yield Remark(
            "loose-tolerance", call.where, f"Its tolerance holds in a broken shop too: {_broken(call)}."
        )
    if len(loose) == len(probes):
        yield Remark(
            "cannot-fail",
            HYPOTHESIS,
            "The hypothesis cannot fail: all its tolerances hold in a shop that is broken by any measure.",
        )


def _holds_when_broken(call: Call) -> bool:
    """Whether the tolerance holds what the probe would give in a broken shop; no, where that is not known."""
    tolerance, value = call.activity.get("tolerance"), _when_broken(call)
    if value is None or tolerance is None or unknown(tolerance):
        return False
    if isinstance(tolerance, Mapping) and tolerance.get("type") == "probe":
        return False
    try:
        return bool(within_tolerance(tolerance, value))
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, re.error):
        return False


def _when_broken(call: Call) -> float | bool | None:
    if call.function == "recovers_within":
        return False
    name = "queue.oldest_max" if call.reading.startswith("queue.oldest.") else call.reading
    return BROKEN_WORLD.get(name)


def _broken(call: Call) -> str:
    value = _when_broken(call)
    return f"{call.function} would give {value if isinstance(value, bool) else f'{value:g}'}"
