"""What is asked of chaos experiments by themselves, whatever shop they were run on.

A property of an experiment is a function of one of its runs that complains, in words; enough experiments with
a run without a complaint pass (`enough`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from drillyard.assess.check import Evidence, Status, Verdict
from drillyard.assess.experiments.activities import HYPOTHESIS
from drillyard.assess.experiments.bites import biting, known_to_move, uncounted
from drillyard.assess.experiments.course import crowd_before, cut_short, not_well
from drillyard.assess.experiments.hypotheses import unsaid
from drillyard.assess.experiments.journals import faults_of, strangers, untrue
from drillyard.assess.experiments.looks import ALIKE_CROWD, looks_before, looks_during
from drillyard.assess.experiments.runs import Run
from drillyard.assess.measurement import Measurement
from drillyard.assess.prose import section_of, sections_of

WRITTEN = "hypothesis.md"
LEAST = 3
"""So many experiments are asked for."""
FEW_LOOKS = 2
"""Fewer before a fault or while it is on say little."""
_ASKED_IN = (HYPOTHESIS, "method", "configuration", "secrets", "controls", "runtime")

Complaints = Callable[[Measurement, Run], Iterable[str]]


def runs_of(m: Measurement) -> dict[str, list[Run]]:
    """The runs that came to their end, by the experiment in `experiments/` that they are of."""
    found: dict[str, list[Run]] = {}
    for run in m.experiments.runs:
        name = run.of(m.experiments.files)
        if run.held is not None and name in m.experiments.files:
            found.setdefault(name, []).append(run)
    return found


def enough(m: Measurement, complaints: Complaints, what: str, look_next: str) -> Verdict:
    """Of the experiments that were run, at least `LEAST` have a run without a complaint; what is wrong with
    others is told also when there are enough.
    """
    items: list[Evidence] = []
    good = 0
    for name, runs in runs_of(m).items():
        by_run = {run.name: list(complaints(m, run)) for run in runs}
        fine = [each for each, wrong in by_run.items() if not wrong]
        good += bool(fine)
        if not fine:
            wrong = list(by_run.values())[-1]
            items += [
                Evidence(f"{name} does not count: {each}", Status.FAIL, look_next=look_next)
                for each in wrong[:3]
            ]
    many = good >= LEAST
    if not runs_of(m):
        look_next = "None was run to its end yet: drill traffic on, then drill chaos run FILE"
    elif not items:
        look_next = f"Those that were run are well; {LEAST - good} more, each with a question of its own"
    first = Evidence(
        what,
        Status.PASS if many else Status.FAIL,
        value=float(good),
        threshold=f"at least {LEAST}",
        source="experiments/, experiments/journals/ and the drill's own record",
        look_next="" if many else look_next,
    )
    shown = tuple(replace(each, status=first.status, aside=many) for each in items[: 3 if many else 8])
    unread = tuple(Evidence(each, first.status, aside=many) for each in left_out(m))
    return Verdict(first.status, (first, *shown, *unread[:3]))


def left_out(m: Measurement) -> Iterator[str]:
    """Files that cannot be read, and runs that count for nothing, with the reason."""
    for file, why in m.experiments.unreadable.items():
        yield f"{file} is left out: {why}"
    for run in m.experiments.runs:
        if run.of(m.experiments.files) not in m.experiments.files:
            yield f"{run.name} is left out: no experiment of that name lies in experiments/"
        elif run.held is None and run.status != "interrupted":
            yield f"{run.name} is left out: its hypothesis was not asked afterwards, or a probe of it failed"


def agrees(m: Measurement, run: Run) -> Iterator[str]:
    """Tolerances of the run that are not in its hypothesis."""
    name = run.of(m.experiments.files)
    section = section_of(sections_of(m.documents.get(WRITTEN, "")), name)
    if section is None:
        yield f"{WRITTEN} has no section “{name}”"
    else:
        yield from (f"{each} of {WRITTEN}" for each in unsaid(run.experiment, section))


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two experiments ask the same, whatever they are called and on whichever drill."""
    return all(_asked(one, part) == _asked(other, part) for part in _ASKED_IN)


def _asked(experiment: Mapping[str, Any], part: str) -> object:
    found = experiment.get(part)
    if part == "configuration" and isinstance(found, Mapping):
        found = {name: value for name, value in found.items() if name != "drill"}
    return _unwritten_into(found) or None


def _unwritten_into(found: object) -> object:
    """Without the value that the toolkit writes into a tolerance that is a probe, when it asks it."""
    if isinstance(found, list):
        return [_unwritten_into(each) for each in found]
    if not isinstance(found, Mapping):
        return found
    plain = {name: _unwritten_into(each) for name, each in found.items()}
    tolerance = plain.get("tolerance")
    if isinstance(tolerance, dict) and tolerance.get("type") == "probe":
        provider = tolerance.get("provider")
        if isinstance(provider, dict) and isinstance(provider.get("arguments"), dict):
            provider["arguments"].pop("value", None)
    return plain


def unlike(m: Measurement, first: Run, again: Run) -> str:
    """Why a later run is not the same experiment once more; nothing where it is."""
    if not same(first.experiment, again.experiment):
        return f"{again.name} asks something else than {first.name}"
    one, other = (
        [(each.kind, each.parameters, each.duration_s) for each in faults_of(run, m.experiments)]
        for run in (first, again)
    )
    if one != other:
        return f"{again.name} put other faults in than {first.name}"
    crowds = [crowd_before(run, m.experiments) for run in (first, again)]
    if all(crowds) and max(crowds) > ALIKE_CROWD * min(crowds):
        one_crowd, other_crowd = (f"{each:.0f} requests a second" for each in crowds)
        return f"before its fault {first.name} had {one_crowd}, {again.name} {other_crowd}"
    return ""


def bloodless(m: Measurement, run: Run) -> Iterator[str]:
    """That its faults did nothing that can be seen, were over before anybody looked, or were not alone."""
    faults = faults_of(run, m.experiments)
    looks = [
        (len(looks_before(each, m.experiments)), len(looks_during(each, m.experiments))) for each in faults
    ]
    if not faults:
        yield "the drill saw no fault in this run"
    elif not biting(run, m.experiments):
        before, during = max(looks, key=min)
        seen = known_to_move(run, m.experiments)
        read = "".join(f"; {each.reading} was {each.before:.4g}, then {each.during:.4g}" for each in seen)
        read += "".join(f"; {each}" for each in uncounted(run, m.experiments))
        few = min(before, during) < FEW_LOOKS
        yield (
            "nothing moved by more than chance that its faults are known to move, and nobody was seen to"
            f" suffer (looks in the minute before: {before}, while it was on: {during}{read}):"
            + (" look more often" if few else " does anybody use what it broke, and was it enough?")
        )
    yield from cut_short(run, m.experiments)
    yield from strangers(run, m.experiments)


def left_broken(m: Measurement, run: Run) -> Iterator[str]:
    """That nobody saw customers served again soon after its last fault."""
    if why := not_well(run, m.experiments):
        yield why


def doubtful(m: Measurement, run: Run) -> Iterator[str]:
    """Why what a run says came of it may not be so, or not be of its faults."""
    yield from untrue(run, m.experiments)
    yield from strangers(run, m.experiments)


def unproven(m: Measurement, run: Run) -> Iterator[str]:
    """Why it proves nothing that the shop bore it."""
    yield from doubtful(m, run)
    if not faults_of(run, m.experiments):
        yield f"{run.name}: the drill saw no fault in this run"
    yield from cut_short(run, m.experiments)
