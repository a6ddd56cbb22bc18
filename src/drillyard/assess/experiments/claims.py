"""Whether claims are right: weaknesses against what was planted, and what is called healthy.

Only a submission tells, and not by how much: claims are no questions. Runs for which the machine had no time
make nobody wrong.
"""

from drillyard.assess.check import Verdict, all_of, in_doubt
from drillyard.assess.experiments.course import in_want
from drillyard.assess.experiments.finding_rules import Vocabulary, tells_of_health, tried_by, unbacked
from drillyard.assess.experiments.findings import FILE, Findings, Weakness
from drillyard.assess.experiments.run_rules import Complaints, doubtful
from drillyard.assess.measurement import Measurement
from drillyard.assess.verdicts import true_that

HEALTHY_LEAST = 2
"""So many mechanisms have to be called healthy, rightly."""
_NONE = Findings()


def concluded(m: Measurement, found: Findings, vocabulary: Vocabulary, can_fail: Complaints) -> Verdict:
    """Right claims less wrong ones: one weakness may be missed, or one thing be blamed wrongly, not both.

    Inconclusive where that is not so, and would be if all claims that rest on nothing but runs of a starved
    machine had been right: what was called healthy then counts as such, and as found if it is weak after all,
    since whoever had seen that would have called something else healthy. Says which runs those are.
    """

    def judged(doubt: Findings) -> Verdict:
        return all_of(_blamed(m, found, vocabulary, doubt), _healthy(m, found, vocabulary, can_fail, doubt))

    verdict = judged(_NONE)
    known = m.experiments
    hungry = frozenset(run.name for run in known.runs if in_want(run, known) and not list(doubtful(m, run)))
    if verdict.passed or not hungry:
        return verdict
    doubt = _undecided(m, found, vocabulary, can_fail, hungry)
    if not judged(doubt).passed:
        return verdict
    runs = {shown.run for each in doubt.findings for shown in each.evidence} & hungry
    names = ", ".join(sorted(runs | {each.run for each in doubt.healthy}))
    return in_doubt(
        verdict, f"the machine was starved while {names} went on: run that again and cite the new run"
    )


def _undecided(
    m: Measurement, found: Findings, vocabulary: Vocabulary, can_fail: Complaints, hungry: frozenset[str]
) -> Findings:
    """The claims that lack nothing but a machine: `hungry` runs carry them, and no other does."""

    def rests_on_them(each: Weakness) -> bool:
        fed = each.model_copy(
            update={"evidence": [shown for shown in each.evidence if shown.run not in hungry]}
        )
        whole, without = (list(unbacked(m, one, vocabulary, found.findings)) for one in (each, fed))
        return bool(without) and not whole

    return Findings(
        findings=[each for each in found.findings if rests_on_them(each)],
        healthy=[
            each
            for each in found.healthy
            if each.run in hungry and tried_by(m, each, vocabulary, can_fail) is not None
        ],
    )


def _blamed(m: Measurement, found: Findings, vocabulary: Vocabulary, doubt: Findings) -> Verdict:
    planted = set(m.planted)
    backed = {
        each.mechanism for each in found.findings if not list(unbacked(m, each, vocabulary, found.findings))
    }
    backed |= {each.mechanism for each in doubt.healthy}
    blamed = {each.mechanism for each in found.findings if each not in doubt.findings}
    return true_that(
        len(backed & planted) - len(blamed - planted) >= max(0, len(planted) - 1),
        "Weaknesses that are there were found, with evidence, and little else was blamed",
        threshold="at most one missed, or one blamed wrongly",
        source=FILE,
        look_next="Which experiment tells one weakness from the next? What would a healthy shop have shown?",
    )


def _healthy(
    m: Measurement, found: Findings, vocabulary: Vocabulary, can_fail: Complaints, doubt: Findings
) -> Verdict:
    planted = set(m.planted)
    good = {
        each.mechanism
        for each in found.healthy
        if each in doubt.healthy
        or (each.mechanism not in planted and tells_of_health(m, each, vocabulary, can_fail))
    }
    wrong = {each.mechanism for each in found.healthy if each not in doubt.healthy} & planted
    return true_that(
        len(good) - len(wrong) >= HEALTHY_LEAST,
        "Mechanisms called healthy that are, each after a run that held and that would have shown otherwise,"
        " less those that are not",
        threshold=f"at least {HEALTHY_LEAST}",
        source=FILE,
        look_next="Was the fault on while one asked, did it do anything, did one look at what shows it?",
    )
