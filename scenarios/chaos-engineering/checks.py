"""What is judged: experiments by what the drill saw of them, conclusions by what is really weak.

A journal is a file that anybody can edit: it counts as far as the drill's own record of faults and of
readings agrees with it (`drillyard.assess.experiments.journals`). For each check: how would a lazy learner
fool it, and when could it fail correct work? The comments say; the generic invariants hold beside all of it.
"""

from collections.abc import Iterator

from drillyard.assess.check import Evidence, Status, Verdict, all_of, check
from drillyard.assess.experiments.activities import ENDING, calls
from drillyard.assess.experiments.claims import concluded
from drillyard.assess.experiments.course import outcome, spent
from drillyard.assess.experiments.finding_rules import Mechanism, Symptom, unbacked
from drillyard.assess.experiments.findings import FILE, Findings, parse
from drillyard.assess.experiments.hypotheses import LABELS, said_in, unwritten
from drillyard.assess.experiments.journals import faults_of, untrue
from drillyard.assess.experiments.outcomes import told_of
from drillyard.assess.experiments.questions import asked, different, places, said
from drillyard.assess.experiments.repair_rules import best, proven, tried
from drillyard.assess.experiments.run_rules import (
    LEAST,
    WRITTEN,
    Complaints,
    agrees,
    bloodless,
    doubtful,
    enough,
    left_broken,
    runs_of,
    same,
)
from drillyard.assess.experiments.runs import Run
from drillyard.assess.measurement import Measurement
from drillyard.assess.prose import section_of, sections_of, words_in
from drillyard.assess.verdicts import counts_at_least, true_that
from drillyard.chaos.review import refutable, review
from drillyard.measure.proportions import count_ratio
from drillyard.scenario.scenario import find_scenario

ANALYSIS = "analysis.md"
LONGEST_S = 120.0
"""No fault of an experiment lasts longer: it is a question, not an outage."""
LEAST_PLACES = 2
OUTCOMES = "Hypotheses and outcomes"

# The vocabulary. Faults are `kind@where`; of each group one has to be in a run that is to show the mechanism.

_LOST = (Symptom("requests.success_ratio", "down"),)
_WAITED = (Symptom("latency.p95", beyond=1500), Symptom("latency.p99", beyond=1500))
_DEAD = ("process.kill", "process.kill-9", "process.restart-loop", "process.slow-start")


def _at(place: str, *kinds: str) -> tuple[str, ...]:
    return tuple(f"{kind}@{place}" for kind in kinds)


_CACHE_GONE = (
    *_at("storefront-*-to-valkey", "network.cut", "network.reset"),
    *_at("valkey", *_DEAD),
    *_at("*", "cache.auth-change", "deploy.stale-secret"),
)
_CACHE_SILENT = (
    *_at("storefront-*-to-valkey", "network.black-hole", "network.delay", "network.bandwidth"),
    "process.pause@valkey",
    "cache.slow-commands@*",
)
_CACHE_EMPTY = (*_at("*", "cache.flush", "cache.eviction-storm"), *_at("valkey", *_DEAD))
_REPLICA = (
    *_at("storefront-*", *_DEAD, "process.pause", "resource.file-descriptors", "deploy.*"),
    "network.*@haproxy-to-storefront-[0-9]*",
    "network.*@storefront-[0-9]-to-postgres",
)
_MAIL_AWAY = ("network.*@*-to-mailsink", "process.*@mailsink")
_MAILER_DIES = (*_at("worker-notifications*", *_DEAD), "queue.lost-acknowledgement@*notifications*")
_PARTNER = ("network.*@*-to-partner", "process.*@partner", "dependency.*@*")
_TWICE = (
    *_at("worker-payments*", *_DEAD),
    *_at("*", "queue.duplicate-delivery", "queue.lost-acknowledgement"),
)
MECHANISMS = {
    "cache-without-timeout": Mechanism(("storefront",), (_CACHE_SILENT,), (*_LOST, *_WAITED)),
    "cache-required": Mechanism(("storefront",), (_CACHE_GONE,), _LOST),
    "stampede": Mechanism(
        ("storefront",),
        (_CACHE_EMPTY,),
        (Symptom("db.query.calls.*", beyond=7.5), *_LOST, *_WAITED),
    ),
    "retries-without-budget": Mechanism(  # 55 to 119 seen of a healthy shop, 610 to 1,290 of a weak one
        ("worker-notifications",), (_MAIL_AWAY,), (Symptom("jobs.retries*", beyond=250, rate=25),)
    ),
    "acknowledged-before-work": Mechanism(("worker-notifications",), (_MAILER_DIES,)),
    "charge-without-key": Mechanism(
        ("worker-payments",), ((*_PARTNER, *_TWICE),), (Symptom("partner.doubled"),)
    ),
    "pool-held-by-partner": Mechanism(
        ("storefront",), (_PARTNER,), (*_LOST, *_WAITED, Symptom("pool.waiting.max", beyond=3))
    ),
    "start-needs-partner": Mechanism(
        ("storefront", "worker-payments"),
        (_PARTNER, (*_at("storefront-*", *_DEAD, "deploy.*"), *_at("worker-payments*", *_DEAD))),
        (*_LOST, Symptom("services.down")),
    ),
    "dead-replica-in-rotation": Mechanism(("haproxy",), (_REPLICA,), (*_LOST, *_WAITED)),
    "single-replica": Mechanism(("storefront",), (_REPLICA,), (*_LOST, *_WAITED)),
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
    sections = sections_of(m.documents.get(WRITTEN, ""))
    there = {name: each for name in m.experiments.files if (each := section_of(sections, name))}
    about = {name: list(unwritten(each)) for name, each in there.items()}
    good = len({tuple(words_in(said_in(there[name]))) for name, wrong in about.items() if not wrong})
    items = [Evidence(f"{WRITTEN}: {each}", Status.FAIL) for wrong in about.values() for each in wrong[:2]]
    what = f"{WRITTEN} has a section for an experiment, called like its file"
    asked = f"at least {LEAST}, each with {', '.join(LABELS)} and text of its own"
    verdict = true_that(good >= LEAST, what, value=float(good), threshold=asked, look_next="The task's page.")
    return verdict if verdict.passed else Verdict(verdict.status, (*verdict.evidence, *items[:6]))


def _can_fail(m: Measurement, run: Run) -> Iterator[str]:
    kinds = ("no-hypothesis", "cannot-fail")
    yield from (each.text for each in review(run.experiment) if each.kind in kinds)
    if not refutable(run.experiment):
        yield "no probe of its hypothesis asks what customers get within bounds that a broken shop is out of"


@check(id="hypotheses-can-fail", task="hypothesis", title="The hypotheses could have been refuted", needs=())
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
    left_out = ("loose-tolerance", "no-hypothesis", "cannot-fail", "over-before-asked")
    yield from (f"{each.where}: {each.text}" for each in review(run.experiment) if each.kind not in left_out)
    if not same(run.experiment, m.experiments.files[run.of(m.experiments.files)]):
        yield "its file says something else by now than what was run"
    if not any(activity.fault for activity in run.method):
        yield "its method puts no fault in (an action of drillyard.chaos.actions)"
    found = list(calls(run.experiment))
    if not any(call.where.startswith("rollbacks") and call.function == ENDING for call in found):
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


@check(id="experiments-differ", task="design", title="They ask different questions", needs=())
def experiments_differ(m: Measurement) -> Verdict:
    """The same fault at the same kind of place, with another number or on another replica, is the same
    question. Each experiment needs something that did something, and that stands for it alone.
    """
    every = [
        frozenset().union(*(asked(m, run) for run in runs if not list(doubtful(m, run))))
        for runs in runs_of(m).values()
    ]
    number, at = different(every), places(every)
    return all_of(
        true_that(
            number >= LEAST,
            "Different questions, by the kind of fault that did something, and of its place",
            value=float(number),
            threshold=f"at least {LEAST}",
            source=", ".join(sorted(map(said, frozenset().union(*every)))[:8]),
        ),
        true_that(
            at >= LEAST_PLACES,
            "Kinds of places at which something was broken",
            value=float(at),
            threshold=f"at least {LEAST_PLACES}",
            source="a link's place is its server's end, whoever is at the other",
            look_next="" if at >= LEAST_PLACES else "Break something at another server, or a component",
        ),
    )


# Task 3. Fooled by journals that were edited (the drill has its own record), by scopes of nothing (nothing
# moves then), by ending a fault before anybody looked.


@check(id="journals-true", task="run", title="Journals say what happened", needs=())
def journals_true(m: Measurement) -> Verdict:
    """Faults and readings of a journal are those that the drill saw."""
    return enough(
        m,
        lambda m, run: untrue(run, m.experiments),
        "Experiments with a journal that agrees with the drill's record",
        "Journals are kept as they were written; run it again: drill chaos run FILE",
    )


@check(id="faults-bit", task="run", title="What was broken really broke", needs=())
def faults_bit(m: Measurement) -> Verdict:
    """A reading that the fault is known to move did, by more than chance, or customers or jobs suffered; the
    fault lasted while one looked, and nobody else put one in or applied changes meanwhile.
    """
    return enough(
        m,
        bloodless,
        "Experiments whose fault did something that can be seen",
        "docs/faults.md says what each fault moves; look before and while it is on",
    )


@check(id="steady-again", task="run", title="The shop was back in its steady state afterwards", needs=())
def steady_back(m: Measurement) -> Verdict:
    """Looked at within a minute after the last fault was over; `drill chaos run` does by itself."""
    return enough(
        m,
        left_broken,
        "Experiments after which customers were served again",
        "`drill chaos run` looks afterwards; `chaos run` needs a probe after `end_faults` in its rollbacks",
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


@check(id="experiments-ran", task="run", title="At least three experiments are whole", needs=())
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
        return true_that(
            False, f"{FILE} cannot be read: {error}", look_next="Compare it with the task's page."
        )


@check(id="outcomes-told", task="analysis", title="Each outcome is told as it was", needs=())
def outcomes_told(m: Measurement) -> Verdict:
    """A line of “Hypotheses and outcomes” for each run: its name, and after it `held` or `deviated`."""
    section = section_of(sections_of(m.documents.get(ANALYSIS, "")), OUTCOMES)
    told: set[str] = set()
    wrong: list[str] = []
    if section:
        for run in (run for runs in runs_of(m).values() for run in runs):
            words = set(told_of(run.name, section)) - {"both"}
            right = {"held"} if outcome(run, m.experiments) else {"deviated"}
            if spent(run, m.experiments):
                right = {"held", "deviated"}
            if words - right:
                wrong.append(f"{ANALYSIS} says that {run.name} {min(words - right)}: its journal does not")
            elif words:
                told.add(run.of(m.experiments.files))
    what = (
        f"Experiments whose outcome {ANALYSIS} tells (a line that begins with the run: `held` or `deviated`)"
    )
    verdicts = [true_that(len(told) >= LEAST, what, value=float(len(told)), threshold=f"at least {LEAST}")]
    return all_of(*verdicts, *(true_that(False, each) for each in wrong[:5]))


@check(id="claims-backed", task="analysis", title="Every finding has evidence", needs=())
def claims_backed(m: Measurement) -> Verdict:
    """A run that could show it, and a reading that was so at that instant while the fault was on."""
    found = _findings(m)
    if isinstance(found, Verdict):
        return found
    verdicts = [true_that(bool(found.findings), f"{FILE} has findings", value=float(len(found.findings)))]
    well = {each.mechanism for each in found.healthy}
    for weakness in found.findings:
        complaints = list(unbacked(m, weakness, MECHANISMS, found.findings))
        if weakness.mechanism in well:
            complaints.append("is called healthy as well")
        what = f"{FILE}, {weakness.mechanism}: {complaints[0] if complaints else 'has evidence'}"
        verdicts.append(
            true_that(not complaints, what, look_next="The readings file beside the run's journal")
        )
    return all_of(*verdicts)


@check(id="weaknesses-found", task="analysis", title="What is weak was found, and nothing else", quick=False)
def weaknesses_found(m: Measurement) -> Verdict:
    """Right claims less wrong ones: one weakness may be missed, or one thing be blamed wrongly, not both.
    What is called healthy has to be. Only a submission tells, and not by how much: claims are no questions.
    Nobody is wrong by runs for which the machine had no time.
    """
    found = _findings(m)
    if isinstance(found, Verdict):
        return found
    return concluded(m, found, MECHANISMS, _can_fail)


@check(id="repair-shown", task="analysis", title="A repair is shown by its own experiment", needs=())
def repair_shown(m: Measurement) -> Verdict:
    """Of something that is said to be fixed: whether it was weak at all, only a submission tells."""
    found = _findings(m)
    if isinstance(found, Verdict):
        return found
    verdicts = [proven(m, each) for each in found.findings if each.fixed and each.mechanism in MECHANISMS]
    if not verdicts:
        return true_that(False, f"{FILE} names a weakness that is `fixed`", look_next="Mend one.")
    return best(verdicts)


@check(
    id="weakness-mended",
    task="analysis",
    title="One weakness at least is mended",
    needs=("learner", "twin", "trials"),
    quick=False,
)
def weakness_mended(m: Measurement) -> Verdict:
    """One that is there, shown to be mended by its experiment, and by a trial of the drill's own with other
    numbers: the twin still has it, and this shop no more.
    """
    found = _findings(m)
    if isinstance(found, Verdict):
        return found
    flaws = {each.id: each for each in find_scenario(m.scenario).flaws if each.id in m.planted}
    mended = [(proven(m, each), each.mechanism) for each in found.findings if each.fixed]
    verdicts = [
        all_of(shown, tried(m, flaws[name])) for shown, name in mended if name in flaws and shown.passed
    ]
    if not verdicts:
        what = f"{FILE} names a weakness that is there, `fixed`, with the runs that show it"
        return true_that(False, what, look_next="Mend one, and run its experiment again.")
    return best(verdicts)


@check(
    id="nothing-removed",
    task="analysis",
    title="Nothing was taken from customers for it",
    needs=("learner", "twin"),
)
def nothing_removed(m: Measurement) -> Verdict:
    """A shop without a cache has no weakness of its cache: it is asked as on the twin. That mails are sent,
    charges made and stock booked is held all along, order by order (orders-whole, jobs-kept): what is done
    outside of a window is no less done.
    """
    return counts_at_least(
        count_ratio(*m.totals("cache.lookups", "learner", "twin")),
        0.5,
        what="Look-ups in the cache, compared with the untouched twin",
        look_next="Which kinds are still cached?",
    )
