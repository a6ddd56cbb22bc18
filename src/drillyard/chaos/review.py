"""What can be said of an experiment by its text alone: whatever is valid, and still not what was meant."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from chaoslib.hypothesis import within_tolerance
from pydantic import ValidationError

from drillyard.assess.experiments.activities import HYPOTHESIS, RECOVERS, Call, asks_in, calls, unknown
from drillyard.assess.experiments.runs import finite
from drillyard.chaos.lasting import seconds_of, takes_after
from drillyard.faults.catalog import function_of, kinds, refused
from drillyard.faults.injector import LONGEST_S
from drillyard.measure.reading import Unit
from drillyard.measure.source import PER_REQUEST, Described
from drillyard.measure.sources import source_types

BROKEN_WORLD: Mapping[str, float | bool] = {
    "requests.success_ratio": 0.5,
    "latency.p50": 5000.0,
    "latency.p95": 5000.0,
    "latency.p99": 5000.0,
    "business.orders": 0.0,
}
"""What the readings are in a shop that is broken by any measure: a hypothesis that holds here cannot fail.
The oldest job is as old there as the experiment's longest fault, at most `OLDEST_S`.
"""
OLDEST_S = 60.0
_OF_CUSTOMERS = tuple(
    Described(name, Unit.COUNT)
    for name in ("requests.count", "requests.success_ratio", "latency.p50", "latency.p95", "latency.p99")
)
_OF_TOLERANCE = ("type", "target", "range", "value", "pattern", "path", "expect", "count")
"""What of a tolerance decides; the rest are words."""
_NO_PARAMETERS = ("seconds", "error_budget", "configuration")

BAD_PARAMETERS = "bad-parameters"
"""The kind of remark on what would be refused when it runs."""


@dataclass(frozen=True)
class Remark:
    """One thing: `kind` is stable, `where` its place in the experiment, `text` what is so and what to do."""

    kind: str
    where: str
    text: str


def review(experiment: Mapping[str, Any]) -> list[Remark]:
    """Look through an experiment without running anything of it.

    Kinds: `no-hypothesis`, `no-rollbacks`, `no-seconds`, `bad-parameters`, `unknown-reading`,
    `loose-tolerance` (of one probe), `cannot-fail` (of the whole hypothesis), `over-before-asked`.
    """
    found = list(calls(experiment))
    remarks = [*_about_hypothesis(experiment, found), *_about_time(experiment, found)]
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
        if call.breaks:
            remarks += _about_action(call)
        elif call.module == "probes":
            remarks += _about_probe(call)
    return remarks


def refutable(experiment: Mapping[str, Any]) -> bool:
    """Whether its hypothesis has a probe that asks what customers get, or how old jobs are, with a tolerance
    that a broken shop is known to be out of.
    """
    found = list(calls(experiment))
    oldest_s = _oldest_s(found)
    return any(_holds_when_broken(call, oldest_s) is False for call in found if _in_hypothesis(call))


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
                BAD_PARAMETERS,
                call.where,
                f"`{call.function}` cannot be this: {_sentence(wrong)} {next_step}",
            )


def _sentence(text: str) -> str:
    return text if text.endswith(("?", ".")) else f"{text}."


def _out_of_bounds(call: Call) -> Iterator[str]:
    """What the action itself takes, beside the fault's parameters."""
    for name in ("seconds", "error_budget"):
        given = call.arguments.get(name)
        if given is not None and not unknown(given) and finite(given) is None:
            yield f"{name}: a number, not {given!r}"
    seconds, budget = (finite(call.arguments.get(name)) for name in ("seconds", "error_budget"))
    if seconds is not None and not 0 < seconds <= LONGEST_S:
        yield f"seconds: above 0, at most {LONGEST_S:g}, not {seconds:g}"
    if budget is not None and not 0 <= budget <= 1:
        yield f"error_budget: a share from 0 to 1, not {budget:g}"


def _refused(kind: str, call: Call) -> Iterator[str]:
    """What the fault says of its parameters; of those that are known when it runs, nothing."""
    given = {name: value for name, value in call.arguments.items() if name not in _NO_PARAMETERS}
    open_ = {name for name, value in given.items() if unknown(value)}
    try:
        kinds()[kind].model_validate({name: value for name, value in given.items() if name not in open_})
    except ValidationError as error:
        yield from (said for name, said in refused(error) if name not in open_)


def _about_probe(call: Call) -> Iterator[Remark]:
    match call.tolerance:
        case [low, high] | {"type": "range", "range": [low, high]} if _turned(low, high):
            said = f"Nothing is between {low} and {high}: the smaller one comes first."
            yield Remark("empty-tolerance", call.where, said)
    name = call.reading
    if name and not unknown(name) and not any(each.matches(name) for each in readings_of_a_look()):
        yield Remark(
            "unknown-reading",
            call.where,
            f"A look at the shop gives no reading `{name}`: the probe will fail."
            " Names are in docs/readings.md; what only a measurement can tell (promises, content) is none.",
        )


def _turned(low: object, high: object) -> bool:
    first, last = finite(low), finite(high)
    return first is not None and last is not None and first > last


@cache
def readings_of_a_look() -> tuple[Described, ...]:
    """The readings that a look at the range can give."""
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
    oldest_s = _oldest_s(found)
    loose = [call for call in found if _in_hypothesis(call) and _holds_when_broken(call, oldest_s)]
    for call in loose:
        said = f"Its tolerance holds in a broken shop too: {_broken(call, oldest_s)}."
        yield Remark("loose-tolerance", call.where, said)
    if len(loose) == len(probes):
        yield Remark(
            "cannot-fail",
            HYPOTHESIS,
            "The hypothesis cannot fail: all its tolerances hold in a shop that is broken by any measure.",
        )


def _about_time(experiment: Mapping[str, Any], found: list[Call]) -> Iterator[Remark]:
    """Whether all faults are over, by the times that are written down, when the hypothesis is asked after the
    method. One that asks for recovery, or asks during the method, means it so.
    """
    if not _asks_afterwards(experiment) or any(call.function == RECOVERS for call in found):
        return
    faults = [call for call in found if call.breaks and call.where.startswith("method")]
    lasts = [(call, seconds_of(call), takes_after(experiment, call)) for call in faults]
    if lasts and all(seconds is not None and seconds <= after for _, seconds, after in lasts):
        last, seconds, after = lasts[-1]
        yield Remark(
            "over-before-asked",
            last.where,
            f"`{last.function}` lasts {seconds:g} s, and the method goes on for {after:g} s or more after it:"
            " it is over when the hypothesis is asked again, which tells then whether the shop is well again,"
            " not whether it withstands. Give it more `seconds`, if that is what you ask.",
        )


def _asks_afterwards(experiment: Mapping[str, Any]) -> bool:
    return bool(experiment.get(HYPOTHESIS)) and asks_in(experiment) in ("default", "after-method-only")


def _in_hypothesis(call: Call) -> bool:
    return call.module == "probes" and call.where.startswith(HYPOTHESIS)


def _oldest_s(found: Iterable[Call]) -> float:
    """How old jobs become while its faults last."""
    lasts = [seconds for call in found if call.breaks and (seconds := seconds_of(call)) is not None]
    return min(OLDEST_S, max(lasts, default=OLDEST_S))


def _holds_when_broken(call: Call, oldest_s: float) -> bool | None:
    """Whether the tolerance holds what the probe would give in a broken shop; None where that is not known:
    it is asked of a program, or is of the environment.
    """
    tolerance, value = call.tolerance, _when_broken(call, oldest_s)
    if value is None or tolerance is None:
        return None
    if isinstance(tolerance, Mapping):
        tolerance = {name: each for name, each in tolerance.items() if name in _OF_TOLERANCE}
        if tolerance.get("type") == "probe":
            return None
    if unknown(tolerance):
        return None
    try:
        return bool(within_tolerance(tolerance, value))
    except (
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        ArithmeticError,
        NameError,
        RecursionError,
        re.error,
    ):
        return None


def _when_broken(call: Call, oldest_s: float) -> float | bool | None:
    if call.function == RECOVERS:
        return False
    if call.reading == "queue.oldest_max" or call.reading.startswith("queue.oldest."):
        return oldest_s
    return BROKEN_WORLD.get(call.reading)


def _broken(call: Call, oldest_s: float) -> str:
    value = _when_broken(call, oldest_s)
    return f"{call.function} would give {value if isinstance(value, bool) else f'{value:g}'}"
