"""What is asked of a repair: the same experiment deviated before and holds now, and the drill's own trial
shows the weakness on the twin and no more here.
"""

from drillyard.assess.check import Status, Verdict, all_of, inconclusive
from drillyard.assess.experiments.course import outcome
from drillyard.assess.experiments.findings import Weakness
from drillyard.assess.experiments.run_rules import doubtful, unlike, unproven
from drillyard.assess.measurement import Measurement
from drillyard.assess.trials import PREFIX
from drillyard.assess.verdicts import never_above, true_that
from drillyard.scenario.flaw import Flaw

SERVED = "requests.success_ratio"
SERVED_LEAST, SERVED_WELL = 0.7, 0.97
"""In a trial: what a shop that bears it serves at least (both replicas died), and what one does that noticed
nothing.
"""
LIKE_THE_TWIN = 0.9
"""Where a trial is not about how many are served: as many as on the twin, with so much for chance."""
_WHERE_NEXT = "Is what you changed in force? Does it bear other numbers than those of your experiment?"
ONE = 1.0
"""More than a flaw `leaves` by so much may be chance."""
UNCLEAR = 1.5
"""Better than the twin by so much and by less than was asked: a slow machine makes less of a weakness."""


def proven(m: Measurement, weakness: Weakness) -> Verdict:
    """Its experiment deviated before, and a later run of the same held."""
    known = m.experiments
    cited = [run for run in known.runs if run.name in {each.run for each in weakness.evidence}]
    firsts = [run for run in cited if outcome(run, known) is False and not list(doubtful(m, run))]
    why = "Run the same experiment again after `drill apply`."
    for first in firsts:
        for again in known.runs:
            if again.began <= first.ended or not outcome(again, known):
                continue
            if wrong := unlike(m, first, again) or next(iter(unproven(m, again)), ""):
                if again.of(known.files) == first.of(known.files):
                    why = f"The same experiment again: {wrong}."
                continue
            return true_that(
                True,
                f"{weakness.mechanism}: its experiment deviated before, and a later run of the same held",
                source=f"{first.name} and {again.name}",
            )
    what = f"{weakness.mechanism}: its experiment deviated before, and a later run of the same held"
    return true_that(False, what, look_next=why)


def tried(m: Measurement, flaw: Flaw) -> Verdict:
    """The drill's own trial: far better than on the twin, which still has it; as many are served as there,
    and nothing is given up for it.
    """
    ours, theirs = m.learner[flaw.reading].value, m.twin[flaw.reading].value
    what = f"{flaw.id}: {flaw.moves} in a trial of the drill's own, {ours:.4g} here, {theirs:.4g} on the twin"
    factor = flaw.factor(without=ours, with_it=theirs)
    served = flaw.moves != SERVED or ours >= SERVED_LEAST
    if flaw.leaves is not None and ours > flaw.leaves + ONE and theirs > flaw.leaves:
        return true_that(False, what, threshold=f"at most {flaw.leaves:g}", look_next=_WHERE_NEXT)
    if factor < flaw.by and served and _unshaken(flaw, theirs):
        return inconclusive(f"the trial did not show {flaw.id} on the twin this time: check again", what=what)
    if flaw.moves != SERVED and UNCLEAR <= factor < flaw.by:
        return inconclusive(
            f"{factor:.1f} times better, {flaw.by:g} are asked for: on a quieter machine the twin shows more",
            what=what,
        )
    if flaw.moves.startswith("db.query.calls.") and ours == 0:
        name = flaw.moves.removeprefix("db.query.calls.")
        return inconclusive(
            f"the statement `{name}` was not seen at all: queries keep the name in their first line",
            what=what,
        )
    if flaw.leaves is not None and flaw.leaves < ours and factor >= flaw.by:
        return inconclusive(
            f"one more than {flaw.leaves:g}: chance, or less of the same; check again", what=what
        )
    better = true_that(
        factor >= flaw.by and served,
        what,
        value=min(factor, 1000.0),
        threshold=f"at least {flaw.by:g} times better"
        + ("" if flaw.leaves is None else f", and at most {flaw.leaves:g}"),
        source="the same faults on both, one after the other, under the same load",
        look_next=_WHERE_NEXT,
    )
    return all_of(better, *_beside(m, flaw))


def _beside(m: Measurement, flaw: Flaw) -> list[Verdict]:
    """What must not be the price: customers who are turned away, and jobs that are given up."""
    found = []
    if flaw.moves != SERVED:
        name = f"{PREFIX}{flaw.id}.{SERVED}"
        ours, theirs = m.learner[name].value, m.twin[name].value
        found.append(
            true_that(
                ours >= LIKE_THE_TWIN * theirs,
                f"{flaw.id}: share of requests that were served in that trial",
                value=ours,
                threshold=f"at least {LIKE_THE_TWIN:g} of the twin's {theirs:.3g}",
                look_next="What does the repair take from customers?",
            )
        )
    dead = m.learner[f"{PREFIX}{flaw.id}.queue.dead"]
    found.append(never_above(dead, 0, what=f"{flaw.id}: jobs given up in that trial, of whatever queue"))
    return found


def _unshaken(flaw: Flaw, theirs: float) -> bool:
    """Whether the twin was as a healthy shop is."""
    return theirs >= SERVED_WELL if flaw.moves == SERVED else theirs == 0


def best(verdicts: list[Verdict]) -> Verdict:
    """Of several of which one suffices, the one that says most for the learner."""
    return min(verdicts, key=lambda each: (Status.PASS, Status.INCONCLUSIVE, Status.FAIL).index(each.status))
