"""What is asked of chaos experiments by themselves, whatever shop they were run on.

A property of an experiment is a function of one of its runs that complains, in words; enough experiments with
a run without a complaint pass (`enough`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from drillyard.assess.check import Evidence, Status, Verdict
from drillyard.assess.experiments import Injected, Run, finite
from drillyard.assess.journals import cut_short, effects, faults_of, steady_again, untrue
from drillyard.assess.measurement import Measurement
from drillyard.assess.prose import Section, section_of, sections_of

HYPOTHESIS = "hypothesis.md"
LABELS = ("what will break", "expected", "success criteria")
LEAST = 3
"""So many experiments are asked for."""
LEAST_WORDS = 25

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
    """Of the experiments that were run, at least `LEAST` have a run without a complaint."""
    items: list[Evidence] = []
    good = 0
    for name, runs in runs_of(m).items():
        by_run = {run.name: list(complaints(m, run)) for run in runs}
        fine = [each for each, wrong in by_run.items() if not wrong]
        good += bool(fine)
        if not fine:
            wrong = list(by_run.values())[-1]
            items += [Evidence(f"{name}: {each}", Status.FAIL, look_next=look_next) for each in wrong[:3]]
    many = good >= LEAST
    first = Evidence(
        what,
        Status.PASS if many else Status.FAIL,
        value=float(good),
        threshold=f"at least {LEAST}",
        source="experiments/, experiments/journals/ and the drill's own record",
        look_next="" if many else look_next,
    )
    shown = () if many else tuple(items[:8])
    unread = tuple(
        Evidence(f"{file} is left out: {why}", first.status) for file, why in m.experiments.unreadable.items()
    )
    return Verdict(first.status, (first, *shown, *unread[:3]))


def unwritten(section: Section) -> Iterator[str]:
    """What a hypothesis lacks: one of `LABELS`, words, a number."""
    text = section.text.casefold()
    for label in LABELS:
        if label not in text:
            yield f"“{section.title}” does not say “{label}”"
    if section.words < LEAST_WORDS:
        yield f"“{section.title}” has {section.words} words, {LEAST_WORDS} are needed"
    if not re.search(r"\d", text):
        yield f"“{section.title}” has no number: what is success?"


def agrees(m: Measurement, run: Run) -> Iterator[str]:
    """Tolerances of the run that are not in its hypothesis, as they are, as percentages or in thousands."""
    name = run.of(m.experiments.files)
    section = section_of(sections_of(m.documents.get(HYPOTHESIS, "")), name)
    if section is None:
        yield f"{HYPOTHESIS} has no section “{name}”"
        return
    said = set(_numbers(section.text))
    bounds = list(_bounds(run.experiment))
    if not bounds:
        yield "its hypothesis has no tolerance with a number"
    for bound in bounds:
        alike = (bound, bound * 100, bound * 1000, bound / 1000)
        if not any(abs(number - each) <= 1e-6 * max(1.0, abs(each)) for number in said for each in alike):
            yield f"its tolerance {bound:g} is not in “{section.title}” of {HYPOTHESIS} (nor as a percentage)"


def _numbers(text: str) -> Iterator[float]:
    """Numbers as people write them: with a decimal comma, with commas or blanks between thousands."""
    for each in re.findall(r"\d+(?:[.,\u202f ]\d+)*", text):
        joined = re.sub(r"[,\u202f ](?=\d{3}\b)", "", each)
        for part in re.split(r"[ \u202f]", joined.replace(",", ".")):
            with suppress(ValueError):
                yield float(part)


def _bounds(experiment: Mapping[str, object]) -> Iterator[float]:
    """The numbers of its tolerances that say something: neither 0 nor 1 nor without end."""
    hypothesis = experiment.get("steady-state-hypothesis")
    probes = hypothesis.get("probes") if isinstance(hypothesis, Mapping) else None
    for probe in probes if isinstance(probes, list) else ():
        tolerance = probe.get("tolerance") if isinstance(probe, Mapping) else None
        if isinstance(tolerance, Mapping):
            tolerance = tolerance.get("range", tolerance.get("value"))
        for value in tolerance if isinstance(tolerance, list) else [tolerance]:
            number = finite(value)
            if number is not None and number not in (0, 1):
                yield number


def same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two experiments ask the same: method and hypothesis, whatever they are called."""
    return all(one.get(part) == other.get(part) for part in ("method", "steady-state-hypothesis"))


def place(fault: Injected) -> str:
    """The link or component that it is on."""
    for name in ("link", "component", "replica"):
        if isinstance(found := fault.parameters.get(name), str):
            return found
    return ""


def kind_of_place(fault: Injected) -> str:
    """Of a link, the server; of a component, what it is, whichever it is of several."""
    return re.sub(r"[-*?0-9]+$", "", place(fault).rpartition("-to-")[2])


def bloodless(m: Measurement, run: Run) -> Iterator[str]:
    """That its faults did nothing that can be seen, or were over before anybody looked."""
    if not faults_of(run, m.experiments):
        yield "the drill saw no fault in this run"
    elif not effects(run, m.experiments):
        yield (
            "nothing that its faults are known to move has moved (of readings that were looked at before and"
            " during): is the scope larger than nothing?"
        )
    yield from cut_short(run, m.experiments)


def left_broken(m: Measurement, run: Run) -> Iterator[str]:
    """That nobody saw customers served again soon after its last fault."""
    match steady_again(run, m.experiments):
        case None:
            yield "nobody looked within a minute after its last fault was over whether customers are served"
        case False:
            yield "customers were not served well within a minute after its last fault was over"


def unproven(m: Measurement, run: Run) -> Iterator[str]:
    """Why a run proves nothing, whatever came of it."""
    yield from untrue(run, m.experiments)
    if not faults_of(run, m.experiments):
        yield "no fault"
    yield from cut_short(run, m.experiments)


def told_of(run: Run, text: str) -> str:
    """The first of the two words after the run's name, in the first line that has both."""
    named = re.compile(rf"(?<![\w-]){re.escape(run.name)}(?![\w-]).*?\b(held|deviated)\b", re.IGNORECASE)
    found = next((match for line in text.splitlines() if (match := named.search(line))), None)
    return found[1].casefold() if found else ""
