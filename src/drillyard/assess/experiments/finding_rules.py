"""What is asked of findings: evidence of a run that could show the weakness, by readings that show it.

The vocabulary is the scenario's: its mechanisms, each with the faults that bring it to light, and with what
it looks like in readings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from drillyard.assess.experiments.bites import as_told, looks_at, outcome, unit, usual, value_of, was_on
from drillyard.assess.experiments.findings import Healthy, Shown, Weakness
from drillyard.assess.experiments.journals import faults_of
from drillyard.assess.experiments.run_rules import Complaints, bloodless, doubtful, place, unproven
from drillyard.assess.experiments.runs import Injected, Observed, Run
from drillyard.assess.measurement import Measurement
from drillyard.measure.shift import shifted

ACTION_WORDS = 6
CLOSE, LEAST_CLOSE = 0.1, 0.02
"""People round what they read: a tenth, or so much."""
WAKE_S = 15.0
"""A reading of so soon after a fault may still be of it."""


@dataclass(frozen=True)
class Symptom:
    """A reading that shows a weakness when it has moved that way from before the fault, and is beyond a value
    that a healthy shop stays within. Counts are of five seconds.
    """

    reading: str
    way: Literal["up", "down"] = "up"
    beyond: float | None = None

    def is_shown(self, seen: Observed, reading: str, before: float | None) -> bool:
        """Whether a look shows it."""
        value = value_of(seen, reading)
        if value is None or before is None or not fnmatchcase(reading, self.reading):
            return False
        within = self.beyond is not None and (
            value <= self.beyond if self.way == "up" else value >= self.beyond
        )
        return not within and shifted(before, value, self.way, unit(reading))

    def __str__(self) -> str:
        beyond = "" if self.beyond is None else f" beyond {self.beyond:g}"
        return f"{self.reading} {self.way}{beyond}"


@dataclass(frozen=True)
class Mechanism:
    """A word of the vocabulary: whose weakness it is, which faults can show it, and by what it shows.

    `faults` are groups of patterns `kind@where` (where is the link or component): of each group one has to be
    in the run. Without `symptoms` no reading shows it, and a probe of the learner's own may be cited.
    """

    components: tuple[str, ...]
    faults: tuple[tuple[str, ...], ...]
    symptoms: tuple[Symptom, ...] = ()


Vocabulary = Mapping[str, Mechanism]


def unbacked(m: Measurement, weakness: Weakness, vocabulary: Vocabulary) -> Iterator[str]:
    """What a finding lacks."""
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
    cited = [(runs[each.run], each) for each in weakness.evidence if each.run in runs]
    if not any(outcome(run, known) is False for run, _ in cited):
        yield "no run that it names deviated: what held shows no weakness"
    if not any(_is_symptom(m, run, mechanism, shown) for run, shown in cited):
        by = ", ".join(map(str, mechanism.symptoms)) or "a probe of the run that counts what is missing"
        yield f"what it cites does not show this; one reading at least has to: {by}"


def _unshown(m: Measurement, run: Run, mechanism: Mechanism, shown: Shown) -> Iterator[str]:
    yield from doubtful(m, run)
    if not could_show(m, run, mechanism):
        yield f"run {run.name} put nothing in, at no place, that could show it"
    at = shown.at.timestamp()
    if _fault_at(m, run, at) is None:
        yield f"at {shown.at:%H:%M:%S} UTC no fault of {run.name} was on"
    if not mechanism.symptoms and _said_by_a_probe(run, shown):
        return
    looks = looks_at(run, m.experiments, shown.reading, at)
    values = [value for seen in looks for value in as_told(seen, shown.reading)]
    if not any(_close(value, shown.value) for value in values):
        seen = " or ".join(f"{value:.4g}" for value in dict.fromkeys(values))
        found = f"was {seen}, not {shown.value:g}" if values else "is of no look that the drill answered"
        yield f"at {shown.at:%H:%M:%S} UTC {shown.reading} {found}"


def _close(value: float, said: float) -> bool:
    return abs(value - said) <= max(CLOSE * abs(value), LEAST_CLOSE)


def _fault_at(m: Measurement, run: Run, at: float) -> Injected | None:
    faults = faults_of(run, m.experiments)
    return next((each for each in faults if each.began <= at <= (each.ended or at) + WAKE_S), None)


def _said_by_a_probe(run: Run, shown: Shown) -> bool:
    """Whether a probe of that name gave that number; what is missing is in no reading of the drill's."""
    found = [each for each in run.probes if each.name == shown.reading and each.status == "succeeded"]
    return any(each.said is not None and _close(each.said, shown.value) for each in found)


def _is_symptom(m: Measurement, run: Run, mechanism: Mechanism, shown: Shown) -> bool:
    if not mechanism.symptoms:
        return shown.value > 0 and _said_by_a_probe(run, shown)
    fault = min(faults_of(run, m.experiments), key=lambda each: each.began, default=None)
    if fault is None:
        return False
    before = usual(shown.reading, fault, m.experiments)
    looks = looks_at(run, m.experiments, shown.reading, shown.at.timestamp())
    told = [
        seen for seen in looks if any(_close(value, shown.value) for value in as_told(seen, shown.reading))
    ]
    return any(each.is_shown(seen, shown.reading, before) for each in mechanism.symptoms for seen in told)


def could_show(m: Measurement, run: Run, mechanism: Mechanism) -> bool:
    """Whether the run put in what a mechanism needs to be seen."""
    there = [f"{each.kind}@{place(each)}" for each in faults_of(run, m.experiments)]
    return all(
        any(fnmatchcase(each, pattern) for each in there for pattern in group) for group in mechanism.faults
    )


def tells_of_health(m: Measurement, each: Healthy, vocabulary: Vocabulary, can_fail: Complaints) -> bool:
    """Whether a run held that would have deviated if this were weak: it could show it, its hypothesis could
    have failed, its fault did something, and was on while one asked.
    """
    mechanism = vocabulary.get(each.mechanism)
    run = next((run for run in m.experiments.runs if run.name == each.run), None)
    if mechanism is None or run is None or not outcome(run, m.experiments):
        return False
    complaints = (can_fail, unproven, bloodless)
    return (
        could_show(m, run, mechanism)
        and was_on(run, m.experiments)
        and not any(list(each(m, run)) for each in complaints)
    )
