"""What is judged: experiments by what the drill saw of them, conclusions by what is really weak.

A journal is a file that anybody can edit: it counts as far as the drill's own record of faults and of
readings agrees with it (`drillyard.assess.journals`). For each check: how would a lazy learner fool it, and
when could it fail correct work? The comments say; the generic invariants hold beside all of it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from drillyard.assess.check import Evidence, Status, Verdict, all_of, check, inconclusive
from drillyard.assess.experiment_rules import (
    HYPOTHESIS,
    LABELS,
    LEAST,
    Complaints,
    agrees,
    bloodless,
    enough,
    kind_of_place,
    left_broken,
    place,
    runs_of,
    same,
    told_of,
    unproven,
    unwritten,
)
from drillyard.assess.experiments import Run
from drillyard.assess.findings import FILE, Findings, Shown, Weakness, parse
from drillyard.assess.journals import faults_of, seen_at, untrue
from drillyard.assess.measurement import Measurement, MissingReadingError
from drillyard.assess.prose import section_of, sections_of
from drillyard.assess.verdicts import counts_at_least, never_above, true_that
from drillyard.chaos.review import refutable, review
from drillyard.measure.proportions import count_ratio
from drillyard.scenario.flaw import Flaw
from drillyard.scenario.scenario import find_scenario

ANALYSIS = "analysis.md"
LONGEST_S = 120.0
"""No fault of an experiment lasts longer: it is a question, not an outage."""
ACTION_WORDS = 6
CLOSE = 0.1
"""People round what they read: a tenth."""
HEALTHY_LEAST = 2
OUTCOMES = "Hypotheses and outcomes"
SERVED = "requests.success_ratio"
SERVED_LEAST, SERVED_WELL = 0.7, 0.97
"""In a trial: what a shop that bears it serves at least (both replicas died), and what one does that noticed
nothing.
"""


@dataclass(frozen=True)
class Mechanism:
    """A word of the vocabulary: whose weakness it is, and which faults can show it, as `kind@where`; where is
    the link or component of the fault.
    """

    components: tuple[str, ...]
    faults: tuple[str, ...]


_REPLICA = ("process.*@storefront-*", "network.*@haproxy-to-storefront*", "load-balancer.*@*")
_CACHE = ("network.*@*-to-valkey", "process.*@valkey", "cache.*@*")
_MAIL = ("network.*@*-to-mailsink", "process.*@mailsink", "process.*@worker-notifications*", "queue.*@*")
_PARTNER = ("network.*@*-to-partner", "process.*@partner", "dependency.*@*")
MECHANISMS: Mapping[str, Mechanism] = {
    "cache-without-timeout": Mechanism(("storefront",), _CACHE),
    "cache-required": Mechanism(("storefront",), _CACHE),
    "stampede": Mechanism(("storefront",), ("cache.*@*", "process.*@valkey")),
    "retries-without-budget": Mechanism(("worker-notifications",), _MAIL),
    "acknowledged-before-work": Mechanism(("worker-notifications",), _MAIL),
    "charge-without-key": Mechanism(("worker-payments",), (*_PARTNER, "process.*@worker-payments*")),
    "pool-held-by-partner": Mechanism(("storefront",), _PARTNER),
    "start-needs-partner": Mechanism(("storefront", "worker-payments"), (*_PARTNER, *_REPLICA)),
    "dead-replica-in-rotation": Mechanism(("haproxy",), _REPLICA),
    "single-replica": Mechanism(("storefront",), _REPLICA),
}
"""What findings.yaml may say; tasks/4-analysis.md publishes it."""


# Experiments. A property of one is a function that complains; enough of them without a complaint pass.

# Task 1. Fooled by hypotheses that hold whatever happens, or that were written of other experiments.


@check(
    id="hypotheses-written",
    task="hypothesis",
    title="At least three hypotheses say what is expected",
    needs=(),
)
def hypotheses_written(m: Measurement) -> Verdict:
    """A section of hypothesis.md for each experiment, called like its file."""
    sections = sections_of(m.documents.get(HYPOTHESIS, ""))
    named = set(m.experiments.files)
    about = {name: list(unwritten(each)) for name in named if (each := section_of(sections, name))}
    good = sum(not wrong for wrong in about.values())
    items = [Evidence(f"{HYPOTHESIS}: {each}", Status.FAIL) for wrong in about.values() for each in wrong[:2]]
    what = f"{HYPOTHESIS} has a section for an experiment, called like its file"
    asked = f"at least {LEAST}, each with {', '.join(LABELS)}"
    verdict = true_that(good >= LEAST, what, value=float(good), threshold=asked, look_next="The task's page.")
    return verdict if verdict.passed else Verdict(verdict.status, (*verdict.evidence, *items[:6]))


def _can_fail(m: Measurement, run: Run) -> Iterator[str]:
    kinds = ("no-hypothesis", "cannot-fail")
    yield from (each.text for each in review(run.experiment) if each.kind in kinds)
    if not refutable(run.experiment):
        yield "no probe of its hypothesis asks what customers get within bounds that a broken shop is out of"


@check(id="hypotheses-can-fail", task="hypothesis", title="The hypotheses could have been refuted")
def hypotheses_can_fail(m: Measurement) -> Verdict:
    """They are tried against a shop that is broken by any measure: one that holds there says nothing."""
    return enough(m, _can_fail, "Experiments with a hypothesis that can fail", "drill chaos validate FILE")


@check(
    id="criteria-agree", task="hypothesis", title="The criteria are those that the experiments ask", needs=()
)
def criteria_agree(m: Measurement) -> Verdict:
    """The tolerances' numbers stand in the hypothesis, as they are or as percentages."""
    return enough(
        m,
        agrees,
        "Experiments whose tolerances stand in their hypothesis",
        "“Success criteria” as numbers, the same in both files",
    )


# Task 2. Fooled by experiments that inject nothing, by one that is copied twice, by a fault without an end.


def _ill_designed(m: Measurement, run: Run) -> Iterator[str]:
    left_out = ("loose-tolerance", "no-hypothesis", "cannot-fail")
    yield from (f"{each.where}: {each.text}" for each in review(run.experiment) if each.kind not in left_out)
    if not same(run.experiment, m.experiments.files[run.of(m.experiments.files)]):
        yield "its file says something else by now than what was run"
    if not any(activity.fault for activity in run.method):
        yield "its method puts no fault in (an action of drillyard.chaos.actions)"
    if "end_faults" not in json.dumps(run.experiment.get("rollbacks"), default=str):
        yield "its rollbacks do not end what it puts in (end_faults)"
    for fault in faults_of(run, m.experiments):
        if fault.duration_s > LONGEST_S:
            yield f"{fault.kind}: {fault.duration_s:g} s are longer than {LONGEST_S:g}"


@check(
    id="experiments-valid",
    task="design",
    title="The experiments are valid, bounded and can be rolled back",
    needs=(),
)
def experiments_valid(m: Measurement) -> Verdict:
    """A run came to its end by the file that is there; each fault has a duration and parameters in bounds."""
    return enough(m, _ill_designed, "Experiments that are well designed", "drill chaos validate FILE")


@check(id="experiments-differ", task="design", title="They ask different questions")
def experiments_differ(m: Measurement) -> Verdict:
    """The same fault at the same kind of place, with another number or on another replica, is the same
    question; an experiment asks one.
    """
    asked = {
        name: min(f"{fault.kind} {kind_of_place(fault)}".strip() for fault in faults)
        for name, runs in runs_of(m).items()
        for run in runs
        if not list(untrue(run, m.experiments)) and (faults := faults_of(run, m.experiments))
    }
    different = sorted(set(asked.values()))
    return true_that(
        len(different) >= LEAST,
        "Different questions, by the kind of fault and of place",
        value=float(len(different)),
        threshold=f"at least {LEAST}",
        source=", ".join(different[:8]),
    )


# Task 3. Fooled by journals that were edited (the drill has its own record), by scopes of nothing (nothing
# moves then), by ending a fault before anybody looked.


@check(id="journals-true", task="run", title="Journals say what happened")
def journals_true(m: Measurement) -> Verdict:
    """Faults and readings of a journal are those that the drill saw."""
    return enough(
        m,
        lambda m, run: untrue(run, m.experiments),
        "Experiments with a journal that agrees with the drill's record",
        "Journals are kept as they were written; run it again: drill chaos run FILE",
    )


@check(id="faults-bit", task="run", title="What was broken really broke")
def faults_bit(m: Measurement) -> Verdict:
    """At least one reading that the fault is certified to move did, and the fault lasted while one looked."""
    return enough(
        m,
        bloodless,
        "Experiments whose fault moved what it is known to move",
        "docs/faults.md says what each fault moves; look before and while it is on",
    )


@check(id="steady-again", task="run", title="The shop was back in its steady state afterwards")
def steady_back(m: Measurement) -> Verdict:
    """Looked at within a minute after the last fault was over; `drill chaos run` does by itself."""
    return enough(
        m,
        left_broken,
        "Experiments after which customers were served again",
        "Look once more after the rollback",
    )


_PROPERTIES: tuple[Complaints, ...] = (
    _can_fail,
    agrees,
    _ill_designed,
    lambda m, run: untrue(run, m.experiments),
    bloodless,
    left_broken,
)


def _wanting(m: Measurement, run: Run) -> Iterator[str]:
    for complaints in _PROPERTIES:
        yield from complaints(m, run)


@check(id="experiments-ran", task="run", title="At least three experiments are whole")
def experiments_ran(m: Measurement) -> Verdict:
    """All of the above, of the same run."""
    return enough(
        m, _wanting, "Experiments that are whole, from hypothesis to rollback", "drill chaos run FILE"
    )


# Task 4. Fooled by calling everything weak (a wrong claim takes a right one away), by evidence of a run that
# could not have shown it, by repairs that take something from customers.


def _findings(m: Measurement) -> Findings | Verdict:
    text = m.documents.get(FILE)
    if text is None:
        return true_that(False, f"{FILE} is in the workspace", look_next="The task's page says what goes in.")
    try:
        return parse(text)
    except ValueError as error:
        return true_that(False, f"{FILE} can be read: {error}", look_next="Compare it with the task's page.")


@check(id="outcomes-told", task="analysis", title="Each outcome is told as it was")
def outcomes_told(m: Measurement) -> Verdict:
    """A line of “Hypotheses and outcomes” for each run: its name, and after it `held` or `deviated`."""
    section = section_of(sections_of(m.documents.get(ANALYSIS, "")), OUTCOMES)
    text = section.text if section else ""
    told: set[str] = set()
    wrong: list[str] = []
    for runs in runs_of(m).values():
        for run in runs:
            word = told_of(run, text)
            if word and (word == "held") is not run.held:
                wrong.append(f"{ANALYSIS} says that {run.name} {word}: its journal does not")
            elif word:
                told.add(run.of(m.experiments.files))
    what = f"Experiments whose outcome {ANALYSIS} tells (`held` or `deviated`, after the name of the run)"
    verdicts = [true_that(len(told) >= LEAST, what, value=float(len(told)), threshold=f"at least {LEAST}")]
    return all_of(*verdicts, *(true_that(False, each) for each in wrong[:5]))


@check(id="claims-backed", task="analysis", title="Every finding has evidence")
def claims_backed(m: Measurement) -> Verdict:
    """A run that could show it, and a reading that was so at that instant while the fault was on."""
    found = _findings(m)
    if isinstance(found, Verdict):
        return found
    verdicts = [true_that(bool(found.findings), f"{FILE} has findings", value=float(len(found.findings)))]
    for weakness in found.findings:
        complaints = list(_unbacked(m, weakness))
        what = f"{FILE}, {weakness.mechanism}: {complaints[0] if complaints else 'has evidence'}"
        verdicts.append(
            true_that(not complaints, what, look_next="The readings file beside the run's journal")
        )
    return all_of(*verdicts) if m.planted or found.findings else true_that(True, f"{FILE} claims nothing")


def _unbacked(m: Measurement, weakness: Weakness) -> Iterator[str]:
    mechanism = MECHANISMS.get(weakness.mechanism)
    if mechanism is None:
        yield f"no mechanism of the vocabulary; there are {', '.join(MECHANISMS)}"
        return
    if weakness.component not in mechanism.components:
        yield f"component `{weakness.component}` is none that has this; the page lists them"
    if len(weakness.action.split()) < ACTION_WORDS:
        yield f"its action says who does what in {ACTION_WORDS} words at least"
    runs = {run.name: run for run in m.experiments.runs}
    if not any(runs[each.run].held is False for each in weakness.evidence if each.run in runs):
        yield "no run that it names deviated: what held shows no weakness"
    for shown in weakness.evidence:
        if (run := runs.get(shown.run)) is None:
            yield f"there is no run `{shown.run}`"
        else:
            yield from _unshown(m, run, mechanism, shown)


def _unshown(m: Measurement, run: Run, mechanism: Mechanism, shown: Shown) -> Iterator[str]:
    yield from untrue(run, m.experiments)
    if not _could_show(m, run, mechanism):
        yield f"run {run.name} put nothing in, at no place, that could show it"
    at = shown.at.timestamp()
    if not any(each.began <= at <= (each.ended or at) + 15 for each in faults_of(run, m.experiments)):
        yield f"at {shown.at:%H:%M:%S} UTC no fault of {run.name} was on"
    values = seen_at(m.experiments, shown.reading, at)
    if not any(abs(value - shown.value) <= max(CLOSE * abs(value), 0.02) for value in values):
        seen = ", ".join(f"{value:.4g}" for value in values) or "not looked at"
        yield f"{shown.reading} was {seen} at {shown.at:%H:%M:%S} UTC, not {shown.value:g}"


def _could_show(m: Measurement, run: Run, mechanism: Mechanism) -> bool:
    return any(
        fnmatchcase(f"{fault.kind}@{place(fault)}", pattern)
        for fault in faults_of(run, m.experiments)
        for pattern in mechanism.faults
    )


@check(id="weaknesses-found", task="analysis", title="What is weak was found, and nothing else", quick=False)
def weaknesses_found(m: Measurement) -> Verdict:
    """Right claims less wrong ones: one weakness may be missed, or one thing be blamed wrongly, not both.
    What is called healthy has to be. Only a submission tells, and not by how much: claims are no questions.
    """
    found = _findings(m)
    if isinstance(found, Verdict):
        return found
    claimed = {each.mechanism for each in found.findings if not list(_unbacked(m, each))}
    blamed = {each.mechanism for each in found.findings}
    right, wrong = len(claimed & set(m.planted)), len(blamed - set(m.planted))
    asked = max(0, len(m.planted) - 1)
    enough = true_that(
        right - wrong >= asked and (bool(m.planted) or not wrong),
        "Weaknesses that are there were found, with evidence, and little else was blamed",
        threshold="at most one missed, or one blamed wrongly",
        source=FILE,
        look_next="Which experiment tells one weakness from the next? What would a healthy shop have shown?",
    )
    return all_of(enough, _healthy(m, found))


def _healthy(m: Measurement, found: Findings) -> Verdict:
    runs = {run.name: run for run in m.experiments.runs}
    good = set()
    for each in found.healthy:
        mechanism, run = MECHANISMS.get(each.mechanism), runs.get(each.run)
        if mechanism is None or run is None or each.mechanism in m.planted:
            continue
        if run.held and _could_show(m, run, mechanism) and not list(untrue(run, m.experiments)):
            good.add(each.mechanism)
    return true_that(
        len(good) >= HEALTHY_LEAST,
        "Mechanisms called healthy that are, each after a run that could have shown otherwise and held",
        threshold=f"at least {HEALTHY_LEAST}",
        source=FILE,
    )


@check(
    id="weakness-mended",
    task="analysis",
    title="One weakness at least is mended",
    needs=("learner", "twin", "trials"),
)
def weakness_mended(m: Measurement) -> Verdict:
    """Its experiment deviated before and held after; and a trial of the drill's own, with other numbers,
    shows it on the twin and no more here.
    """
    found = _findings(m)
    if isinstance(found, Verdict):
        return found
    if not m.planted:
        return true_that(True, "Nothing is weak in this variant")
    flaws = {each.id: each for each in find_scenario(m.scenario).flaws if each.id in m.planted}
    mended = [each for each in found.findings if each.fixed and each.mechanism in flaws]
    verdicts = [_mended(m, each, flaws[each.mechanism]) for each in mended]
    if not verdicts:
        return true_that(False, f"{FILE} names a weakness that is there and `fixed`", look_next="Mend one.")
    best = min(verdicts, key=lambda each: (Status.PASS, Status.INCONCLUSIVE, Status.FAIL).index(each.status))
    return best


def _mended(m: Measurement, weakness: Weakness, flaw: Flaw) -> Verdict:
    runs = {run.name: run for run in m.experiments.runs}
    cited = [runs[each.run] for each in weakness.evidence if each.run in runs]
    pairs = [
        (first, again)
        for first in cited
        if first.held is False and not list(untrue(first, m.experiments))
        for again in m.experiments.runs
        if again.began > first.ended and again.held and same(first.experiment, again.experiment)
        if not list(unproven(m, again))
    ]
    proven = true_that(
        bool(pairs),
        f"{weakness.mechanism}: its experiment deviated before, and a later run of the same held",
        source=" and ".join(run.name for run in pairs[0]) if pairs else "",
        look_next="Run the same experiment again after `drill apply`.",
    )
    return all_of(proven, _tried(m, flaw)) if proven.passed else proven


def _tried(m: Measurement, flaw: Flaw) -> Verdict:
    """The drill's own trial: far better than on the twin, which still has it, and good by itself."""
    ours, theirs = m.learner[flaw.reading].value, m.twin[flaw.reading].value
    what = f"{flaw.id}: {flaw.moves} in a trial of the drill's own, {ours:.4g} here, {theirs:.4g} on the twin"
    factor = flaw.factor(without=ours, with_it=theirs)
    served = flaw.moves != SERVED or ours >= SERVED_LEAST
    if factor < flaw.by and served and _unshaken(flaw, theirs):
        return inconclusive(f"the trial did not show {flaw.id} on the twin this time: check again", what=what)
    if flaw.moves.startswith("db.query.calls.") and ours == 0:
        return inconclusive("the statement was not seen at all: was it renamed?", what=what)
    better = true_that(
        factor >= flaw.by and served,
        what,
        value=min(factor, 1000.0),
        threshold=f"at least {flaw.by:g} times better",
        source="the same faults on both, one after the other, under the same load",
        look_next="Is what you changed in force? Does it bear other numbers than those of your experiment?",
    )
    given_up = f"trial.{flaw.id}.queue.dead.payments"
    try:
        dead = never_above(m.learner[given_up], 0, what=f"{flaw.id}: payments given up in that trial")
    except MissingReadingError:
        return better
    return all_of(better, dead)


def _unshaken(flaw: Flaw, theirs: float) -> bool:
    """Whether the twin was as a healthy shop is."""
    return theirs >= SERVED_WELL if flaw.moves == SERVED else theirs == 0


@check(
    id="nothing-removed",
    task="analysis",
    title="Nothing was taken from customers for it",
    needs=("learner", "twin"),
)
def nothing_removed(m: Measurement) -> Verdict:
    """A shop without a cache has no weakness of its cache: what was there on the twin still works here."""
    verdicts = [
        counts_at_least(
            count_ratio(*m.totals("cache.lookups", "learner", "twin")),
            0.5,
            what="Look-ups in the cache, compared with the untouched twin",
            look_next="Which kinds are still cached?",
        )
    ]
    for job in ("charge_payment", "send_mail", "book_sale"):
        verdicts.append(
            counts_at_least(
                count_ratio(*m.totals(f"jobs.done.{job}", "learner", "twin")),
                0.7,
                what=f"Finished jobs `{job}`, compared with the untouched twin",
                look_next="Is it still done?",
            )
        )
    return all_of(*verdicts)
