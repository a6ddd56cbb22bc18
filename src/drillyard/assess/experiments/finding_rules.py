"""What is asked of findings: evidence of a run that could show the weakness, by readings that show it.

The vocabulary is the scenario's: its mechanisms, each with the faults that bring it to light, and with what
it looks like in readings.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from fnmatch import fnmatchcase
from typing import Literal

from drillyard.assess.experiments.activities import HYPOTHESIS, PROBES, calls
from drillyard.assess.experiments.course import outcome, was_on
from drillyard.assess.experiments.findings import Healthy, Shown, Weakness
from drillyard.assess.experiments.journals import SLACK_S, faults_of
from drillyard.assess.experiments.looks import (
    as_told,
    customers,
    looks_at,
    overlap,
    unit,
    usual,
    value_of,
)
from drillyard.assess.experiments.places import spellings
from drillyard.assess.experiments.run_rules import Complaints, bloodless, doubtful, unproven
from drillyard.assess.experiments.runs import Activity, Experiments, Injected, Observed, Run
from drillyard.assess.measurement import Measurement
from drillyard.measure.shift import shifted

ACTION_WORDS = 6
CLOSE, LEAST_CLOSE = 0.1, 0.02
"""People round what they read: a tenth, or so much."""
FAR = 2.0
"""So many times beyond what a healthy shop stays within, a percentile of few requests is no chance."""
MOST_BY_A_RUN = 2
"""So many weaknesses one run is evidence of: what is broken with it may be told apart, not five of them."""
WAKE_S = 15.0
"""A reading of so soon after a fault may still be of it."""


@dataclass(frozen=True)
class Symptom:
    """A reading that shows a weakness when it has moved that way from before the fault, and is beyond a value
    that a healthy shop stays within. Counts are of five seconds.

    Where `rate` is said, `beyond` lies midway (the geometric mean) between what a healthy shop has with so
    many requests a second and what a weak one has. The first grows with what is ordered, the second is the
    most that its worker can do: what is midway grows with the square root of the requests.
    """

    reading: str
    way: Literal["up", "down"] = "up"
    beyond: float | None = None
    rate: float = math.inf

    def is_shown(self, seen: Observed, reading: str, before: float | None, rate: float = 0.0) -> bool:
        """Whether a look shows it; `rate` is how many requests a second there were until then."""
        value = value_of(seen, reading)
        if value is None and self._is_far_beyond(seen, reading):
            value = seen.values[reading]  # the few requests are of what stalls them
        if value is None or before is None or not fnmatchcase(reading, self.reading):
            return False
        bound = self.bound(rate)
        within = bound is not None and (value <= bound if self.way == "up" else value >= bound)
        return not within and shifted(before, value, self.way, unit(reading))

    def bound(self, rate: float) -> float | None:
        """What a healthy shop stays within, with so many requests a second; None where there is none."""
        return None if self.beyond is None else self.beyond * math.sqrt(max(1.0, rate / self.rate))

    def said(self, rate: float) -> str:
        """In words, for whoever had so many requests a second."""
        bound = self.bound(rate)
        beyond = "" if bound is None else f" beyond {bound:.4g}"
        there = f" (in 5 s, with {rate:.0f} requests a second)" if rate and math.isfinite(self.rate) else ""
        return f"{self.reading} {self.way}{beyond}{there}"

    def _is_far_beyond(self, seen: Observed, reading: str) -> bool:
        value = seen.values.get(reading)
        return (
            value is not None and self.way == "up" and self.beyond is not None and value >= FAR * self.beyond
        )


@dataclass(frozen=True)
class Mechanism:
    """A word of the vocabulary: whose weakness it is, which faults can show it, and by what it shows.

    `faults` are groups of patterns `kind@where` (where is a component, or links as `spellings` has them): of
    each group one has to be in the run. Without `symptoms` no reading shows it, and a probe of the learner's
    own may be cited.
    """

    components: tuple[str, ...]
    faults: tuple[tuple[str, ...], ...]
    symptoms: tuple[Symptom, ...] = ()


Vocabulary = Mapping[str, Mechanism]


def unbacked(
    m: Measurement, weakness: Weakness, vocabulary: Vocabulary, beside: Sequence[Weakness] = ()
) -> Iterator[str]:
    """What a finding lacks; `beside` are all of the file."""
    mechanism = vocabulary.get(weakness.mechanism)
    if mechanism is None:
        yield f"no mechanism of the vocabulary; there are {', '.join(vocabulary)}"
        return
    if weakness.component not in mechanism.components:
        yield f"component `{weakness.component}` is none that has this; the page lists them"
    if len(weakness.action.split()) < ACTION_WORDS:
        yield f"its action says who does what in {ACTION_WORDS} words at least"
    known = m.experiments
    runs = {run.name: run for run in known.runs}
    for shown in weakness.evidence:
        if (run := runs.get(shown.run)) is None:
            why = known.unreadable.get(f"experiments/journals/{shown.run}.json")
            yield f"run `{shown.run}` is left out: {why}" if why else f"there is no run `{shown.run}`"
        else:
            yield from _unshown(m, run, mechanism, shown)
    for name in dict.fromkeys(each.run for each in weakness.evidence):
        claims = {other.mechanism for other in beside if name in {each.run for each in other.evidence}}
        if len(claims) > MOST_BY_A_RUN:
            yield (
                f"run {name} is cited for {len(claims)} weaknesses: an experiment tells one from the next"
                f" (at most {MOST_BY_A_RUN})"
            )
    cited = [(runs[each.run], each) for each in weakness.evidence if each.run in runs]
    if not any(outcome(run, known) is False for run, _ in cited):
        yield "no run that it names deviated: what held shows no weakness"
    if not any(_is_symptom(m, run, mechanism, shown) for run, shown in cited):
        rate = max(
            (customers(seen, known) for run, shown in cited for seen in _looks(m, run, shown)), default=0
        )
        by = ", ".join(each.said(rate) for each in mechanism.symptoms)
        by = by or "a probe of the run that counts what is missing"
        yield f"what it cites does not show this; one reading at least has to: {by}"


def _unshown(m: Measurement, run: Run, mechanism: Mechanism, shown: Shown) -> Iterator[str]:
    yield from doubtful(m, run)
    if not could_show(m, run, mechanism):
        yield f"run {run.name} put nothing in, at no place, that could show it"
    at, clock = shown.at.timestamp(), f"{shown.at.astimezone(UTC):%H:%M:%S} UTC"
    if not mechanism.symptoms and (said := _saying(run, shown)):
        first = min((each.began for each in faults_of(run, m.experiments)), default=math.inf)
        if not any(
            each.began - SLACK_S <= at <= each.ended + SLACK_S and first <= each.ended for each in said
        ):
            yield f"at {clock} `{shown.reading}` was not asked, or nothing had been put in yet"
        return
    if _fault_at(m, run, at) is None:
        yield f"at {clock} no fault of {run.name} was on"
    values = [value for seen in _looks(m, run, shown) for value in as_told(seen, shown.reading)]
    if not any(_close(value, shown.value) for value in values):
        seen = " or ".join(f"{value:.4g}" for value in dict.fromkeys(values))
        found = f"was {seen}, not {shown.value:g}" if values else "is of no look that the drill answered"
        yield f"at {clock} {shown.reading} {found}"


def _close(value: float, said: float) -> bool:
    return abs(value - said) <= max(CLOSE * abs(value), LEAST_CLOSE)


def _fault_at(m: Measurement, run: Run, at: float) -> Injected | None:
    faults = faults_of(run, m.experiments)
    return next((each for each in faults if each.began <= at <= (each.ended or at) + WAKE_S), None)


def _saying(run: Run, shown: Shown) -> list[Activity]:
    """The probes of that name that gave that number; what is missing is in no reading of the drill's."""
    found = [each for each in run.probes if each.name == shown.reading and each.status == "succeeded"]
    return [each for each in found if any(_close(said, shown.value) for said in each.said)]


def _is_symptom(m: Measurement, run: Run, mechanism: Mechanism, shown: Shown) -> bool:
    if not mechanism.symptoms:
        return shown.value > 0 and bool(_saying(run, shown))
    fault = min(faults_of(run, m.experiments), key=lambda each: each.began, default=None)
    if fault is None:
        return False
    before = usual(shown.reading, fault, m.experiments)
    told = [
        seen
        for seen in _looks(m, run, shown)
        if any(_close(value, shown.value) for value in as_told(seen, shown.reading))
    ]
    return any(
        each.is_shown(seen, shown.reading, before, _rate(each, seen, m.experiments))
        for each in mechanism.symptoms
        for seen in told
    )


def _rate(symptom: Symptom, seen: Observed, known: Experiments) -> float:
    """Requests a second until then, where the symptom depends on them."""
    return customers(seen, known) if math.isfinite(symptom.rate) else 0.0


def _looks(m: Measurement, run: Run, shown: Shown) -> Sequence[Observed]:
    """The looks that what is cited may be of."""
    return looks_at(run, m.experiments, shown.reading, shown.at.timestamp())


def could_show(m: Measurement, run: Run, mechanism: Mechanism) -> bool:
    """Whether the run put in what a mechanism needs to be seen."""
    there = [f"{each.kind}@{name}" for each in faults_of(run, m.experiments) for name in spellings(each)]
    return all(
        any(fnmatchcase(each, pattern) for each in there for pattern in group) for group in mechanism.faults
    )


def _would_have_told(m: Measurement, run: Run, mechanism: Mechanism) -> bool:
    """Whether the hypothesis asks for what would show the weakness, or a look while the fault was on has it,
    and does not show it. Without symptoms a probe of the learner's own has to be in the hypothesis.
    """
    if not mechanism.symptoms:
        return any(each.module != PROBES and each.status == "succeeded" for each in run.hypothesis)
    found = [each.reading for each in calls(run.experiment) if each.where.startswith(HYPOTHESIS)]
    if any(fnmatchcase(name, symptom.reading) for name in found for symptom in mechanism.symptoms):
        return True
    faults = sorted(faults_of(run, m.experiments), key=lambda each: each.began)
    told = [
        symptom.is_shown(seen, name, before, _rate(symptom, seen, m.experiments))
        for seen in m.experiments.observed
        if any(overlap(seen, fault) for fault in faults)
        for name in seen.values
        for symptom in mechanism.symptoms
        if fnmatchcase(name, symptom.reading)
        and value_of(seen, name) is not None
        and (before := usual(name, faults[0], m.experiments)) is not None
    ]
    return bool(told) and not any(told)


def tells_of_health(m: Measurement, each: Healthy, vocabulary: Vocabulary, can_fail: Complaints) -> bool:
    """Whether a run held that would have deviated if this were weak: it could show it, its hypothesis could
    have failed, its fault did something, and was on while one asked.
    """
    run = tried_by(m, each, vocabulary, can_fail)
    return (
        run is not None
        and was_on(run, m.experiments)
        and _would_have_told(m, run, vocabulary[each.mechanism])
        and not any(list(complain(m, run)) for complain in (unproven, bloodless))
    )


def tried_by(m: Measurement, each: Healthy, vocabulary: Vocabulary, can_fail: Complaints) -> Run | None:
    """The run that a claim of health names, where it held, put in what would show this, and could have
    failed; None where it is not so.
    """
    run = next((run for run in m.experiments.runs if run.name == each.run), None)
    if each.mechanism not in vocabulary or run is None or not outcome(run, m.experiments):
        return None
    could = could_show(m, run, vocabulary[each.mechanism]) and not list(can_fail(m, run))
    return run if could else None
