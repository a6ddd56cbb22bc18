"""What is measured: what comes back from off site, what disasters cost, and whether the plan is true to both.

For each check: what would a lazy learner do to fool it, and when could it fail correct work? The comments
say; the generic invariants (customers served, nothing lost that no disaster took, promises) hold beside all
of it.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

from drillyard.assess.check import Evidence, Status, Verdict, all_of, check, inconclusive
from drillyard.assess.measurement import Measurement
from drillyard.assess.prose import beside_texts, ready_texts, section_of, sections_of
from drillyard.assess.recoveries import Recovery, findings
from drillyard.assess.risks import FILE as RISKS
from drillyard.assess.risks import Register, Risk, parse
from drillyard.assess.verdicts import at_least, never_above, true_that
from drillyard.faults.disaster import SYSTEMS
from drillyard.faults.disasters import disasters

RUNBOOK = "runbook.md"
KINDS = disasters()
YEARS = 20
"""The brief says how often something happened in so many years."""
MOST_HIT_ALL = 3
"""So many may be said to hit everything: the loss of a site does."""
LEAST_WORDS, LEAST_OTHERS = 8, 6
"""Words of an answer, and how many of them are not said twice."""
LEAST_ANSWERS = 5
"""What is taken differs, and so does what answers it: so many of the answers are different at least."""
TRIED_LEAST = 8
"""So many orders have to be tried in the minute before a disaster, or nothing can be said of what is gone."""
BOUGHT_SHARE = 0.9
"""Of them so many are taken."""


def _register(m: Measurement) -> Register | Verdict:
    """The learner's risks.yaml, or why it cannot be read: that is a fail, with line and reason."""
    text = m.documents.get(RISKS)
    if text is None:
        return true_that(
            False, f"{RISKS} is in the workspace", look_next="The task's page says what goes in."
        )
    try:
        return parse(text)
    except ValueError as error:
        return true_that(
            False, f"{RISKS} cannot be read: {error}", look_next="The fields and an example in the page."
        )


# The plan. Fooled by targets that anything meets (the brief bounds them), by figures that fit each other and
# nothing else (they are computed from the brief), by naming one risk nine times.


@check(id="risks-covered", task="risks", title="Every incident of the brief has its entry", needs=())
def risks_covered(m: Measurement) -> Verdict:
    """Each kind once, with the systems it hits and an answer in words."""
    register = _register(m)
    if isinstance(register, Verdict):
        return register
    named = [risk.scenario for risk in register.risks]
    verdicts = [
        true_that(
            named.count(kind) == 1,
            f"{RISKS} has one entry for {kind}",
            value=float(named.count(kind)),
            threshold="1",
            look_next="The table of incidents in `drill brief`.",
        )
        for kind in KINDS
    ]
    for risk in register.risks:
        words = len(risk.answer.split())
        others = len(set(re.findall(r"[^\W\d_]{2,}", risk.answer.casefold())))
        odd = [each for each in risk.system if each not in SYSTEMS]
        if words < LEAST_WORDS or others < LEAST_OTHERS:
            what = f"{RISKS}, {risk.scenario}: `answer` has {words} words, {others} of them different"
            asked = f"at least {LEAST_WORDS}, {LEAST_OTHERS} different"
            verdicts.append(true_that(False, what, threshold=asked))
        if odd:
            what = f"{RISKS}, {risk.scenario}: `system` names {', '.join(odd)}"
            verdicts.append(true_that(False, what, threshold=f"some of {', '.join(SYSTEMS)}"))
        elif risk.scenario in KINDS and not set(KINDS[risk.scenario].hits) & set(risk.system):
            what = f"{RISKS}, {risk.scenario}: `system` is {', '.join(risk.system)}"
            verdicts.append(true_that(False, what, threshold="what it hits first", look_next="The brief."))
    everything = [risk.scenario for risk in register.risks if set(risk.system) >= set(SYSTEMS)]
    verdicts.append(
        true_that(
            len(everything) <= MOST_HIT_ALL,
            f"{RISKS} tells incidents apart by what they hit: {len(everything)} are said to hit everything",
            threshold=f"at most {MOST_HIT_ALL}",
        )
    )
    answers = {" ".join(risk.answer.casefold().split()) for risk in register.risks}
    differ = true_that(
        len(answers) >= LEAST_ANSWERS,
        f"{RISKS} has different answers to different incidents",
        value=float(len(answers)),
        threshold=f"at least {LEAST_ANSWERS}",
    )
    return all_of(*verdicts, differ)


@check(id="targets-kept", task="risks", title="Its targets are inside what the business can bear", needs=())
def targets_kept(m: Measurement) -> Verdict:
    """No later than the brief's recovery time, no more lost than its recovery point."""
    register = _register(m)
    if isinstance(register, Verdict):
        return register
    rto, rpo = m.limit("brief.rto_s"), m.limit("brief.rpo_s")
    verdicts = [
        true_that(
            risk.rto_s <= rto and risk.rpo_s <= rpo,
            f"{RISKS}, {risk.scenario}: rto_s {risk.rto_s:g}, rpo_s {risk.rpo_s:g}",
            threshold=f"at most {rto:g} and {rpo:g}",
            source="the brief",
            look_next="“What the business can bear” in `drill brief`.",
        )
        for risk in register.risks
    ]
    return all_of(*verdicts)


@check(
    id="order-follows", task="risks", title="Likelihood, impact and order follow from the figures", needs=()
)
def order_follows(m: Measurement) -> Verdict:
    """Likelihood from the brief's table, impact from the entry's own targets at the brief's prices, and the
    order of priorities from both. People round: a tenth of a likelihood, a fifth of an impact.
    """
    register = _register(m)
    if isinstance(register, Verdict):
        return register
    lacking = sorted(KINDS.keys() - register.by_scenario.keys())
    verdicts = [true_that(not lacking, f"{RISKS} has every incident", threshold=", ".join(lacking))]
    for risk in register.risks:
        if risk.scenario not in KINDS:
            continue
        often = m.limit(f"brief.often_{risk.scenario.replace('-', '_')}") / YEARS
        verdicts.append(
            true_that(
                abs(risk.likelihood_per_year - often) <= 0.1 * often,
                f"{RISKS}, {risk.scenario}: likelihood_per_year",
                value=risk.likelihood_per_year,
                threshold="the brief's table, within a tenth",
                look_next=f"How often in {YEARS} years is how often in one?",
            )
        )
        impact = _impact(m, risk)
        verdicts.append(
            true_that(
                abs(risk.impact_eur - impact) <= 0.2 * impact,
                f"{RISKS}, {risk.scenario}: impact_eur",
                value=risk.impact_eur,
                threshold="what its own targets cost at the brief's prices, within a fifth",
                look_next="Minutes away at the price of a minute, and orders lost at the price of an order.",
            )
        )
    return all_of(*verdicts, _in_order(register.risks))


def _impact(m: Measurement, risk: Risk) -> float:
    away = risk.rto_s / 60 * m.limit("brief.cost_per_minute")
    lost = risk.rpo_s / 60 * m.limit("brief.orders_per_minute") * m.limit("brief.cost_per_order")
    return away + lost


def _in_order(risks: Iterable[Risk]) -> Verdict:
    """1 is first. Where two are expected to cost the same, within 2 %, both orders are right."""
    ranked = sorted(risks, key=lambda risk: risk.priority)
    priorities = [risk.priority for risk in ranked]
    verdicts = [
        true_that(
            priorities == list(range(1, len(ranked) + 1)),
            f"Priorities are 1 to {len(ranked)}, each once: {', '.join(map(str, priorities))}",
        )
    ]
    for one, other in pairwise(ranked):
        first, second = one.expected_eur, other.expected_eur
        if first < 0.98 * second:
            verdicts.append(
                true_that(
                    False,
                    f"{one.scenario} (expected {first:,.0f} EUR a year) stands before {other.scenario}"
                    f" ({second:,.0f})",
                    threshold="what is expected to cost most comes first",
                )
            )
    return all_of(*verdicts)


# What is really off site: the runbook on empty hosts. Fooled by backups beside the data (nothing of them is
# there), by a backup that nobody could restore (it has to be restored), by selling nothing (the minute before
# is looked at).


@check(
    id="backups-come-back",
    task="backups",
    title="From what lies off site the shop comes back",
    needs=("learner", "rehearsal"),
)
def backups_come_back(m: Measurement) -> Verdict:
    """The runbook comes to its end and the shop shows pages, true ones. What it took is another check's."""
    back = at_least(
        m.learner["rehearsal.restored"],
        1,
        what="The runbook brought the shop back on empty hosts",
        look_next="`drill rehearse` shows the runbook's own words as it runs.",
    )
    if not back.passed:
        return back
    untrue, what = (
        m.learner["rehearsal.pages_untrue"],
        "Kinds of its pages that do not show what is in the tables",
    )
    return all_of(back, never_above(untrue, 0, what=what, look_next=untrue.source))


@check(
    id="nothing-missing",
    task="backups",
    title="Nothing is missing in it",
    needs=("learner", "rehearsal"),
)
def nothing_missing(m: Measurement) -> Verdict:
    """Tables, constraints, grants, functions; rows of the start; files of the configuration."""
    return all_of(
        *(
            never_above(m.learner[name], 0, what=what, look_next=m.learner[name].source)
            for name, what in (
                (
                    "rehearsal.objects_gone",
                    "Objects of the database that did not come back, sequences behind",
                ),
                ("rehearsal.rows_lost", "Rows of the start that did not come back, or changed"),
                (
                    "rehearsal.files_differing",
                    "Files of the configuration that are not in force as they were (a copy from before the"
                    " last apply differs)",
                ),
            )
        )
    )


@check(
    id="copy-recent",
    task="backups",
    title="It is recent enough",
    needs=("learner", "rehearsal"),
)
def copy_recent(m: Measurement) -> Verdict:
    """The oldest order that is gone, against the brief; and customers did buy until then."""
    bought = _buying(
        m.learner["rehearsal.tried_before"].value, m.learner["rehearsal.bought_before"].value, ""
    )
    gone, lost = m.learner["rehearsal.recovery_point"], m.learner["rehearsal.orders_lost"]
    point = never_above(
        gone,
        m.limit("brief.rpo_s"),
        what=f"Age of the oldest order that is gone ({lost.value:.0f} are)",
        look_next=f"{gone.source}. When does what was committed now reach the other site?",
    )
    return all_of(bought, point)


@check(
    id="pages-watched",
    task="backups",
    title="The server keeps what it acknowledged, and looks at its pages",
    needs=("learner", "ledger"),
)
def pages_watched(m: Measurement) -> Verdict:
    """A cluster without checksums serves what the disk gives back; one that does not flush acknowledges what
    it does not have. Neither shows before it is too late, so they are asked for.
    """
    return never_above(
        m.learner["promise.unsafe_settings"],
        0,
        what="Of fsync, full_page_writes, data_checksums and synchronous_commit, switched off",
        look_next="SHOW data_checksums; \\drds",
    )


def _buying(tried: float, bought: float, when: str) -> Verdict:
    """Whoever sells nothing loses nothing; whoever has no customers proves nothing."""
    what = f"Orders that customers got of those they tried to place in the minute before{when}"
    if tried < TRIED_LEAST:
        return inconclusive(
            f"{tried:.0f} orders were tried, {TRIED_LEAST} are needed",
            what=what,
            look_next="Have customers come: drill traffic on",
        )
    return true_that(
        bought >= BOUGHT_SHARE * tried,
        what,
        value=bought / tried,
        threshold=f"at least {BOUGHT_SHARE:g}",
        source=f"ledger of the customers, {tried:.0f} orders",
        look_next="`drill status`: what do customers get?",
    )


@check(
    id="runbook-alone",
    task="runbook",
    title="The runbook works without its author, in time",
    needs=("learner", "rehearsal"),
)
def runbook_alone(m: Measurement) -> Verdict:
    """From its first command to the first page, nobody at the keyboard."""
    back = at_least(
        m.learner["rehearsal.restored"], 1, what="The runbook brought the shop back on empty hosts"
    )
    if not back.passed:
        return back
    return all_of(
        back,
        never_above(
            m.learner["rehearsal.seconds"],
            m.limit("brief.rto_s"),
            what="From its first command to the first page",
            look_next="Which step waits? `drill rehearse` shows each as it begins.",
        ),
    )


STAGES = {
    "customers": r"customers?",
    "support": r"support",
    "management": r"manage\w*|board|directors?|executives?",
    "regulator": r"regulat\w*|authorit\w*|supervisory",
}
"""Who has to be told, as the brief says, and how people say it."""
LEAST_QUOTED, LEAST_DIFFERENT = 30, 15
"""Words of texts that are ready to be sent, and how many of them are not said twice."""
LEAST_PLANNED = 12
"""Different words beside them: for each of four, who tells them, and when."""


@check(id="people-told", task="runbook", title="It says who is told what, when and by whom")
def people_told(m: Measurement) -> Verdict:
    """Each of those whom the brief names, and texts that are ready to be sent, quoted or in blocks.

    Nobody can measure whether a text is good; that it is not there is plain.
    """
    text = m.documents.get(RUNBOOK)
    section = section_of(sections_of(text), "Who is told") if text is not None else None
    if section is None:
        return true_that(False, f"{RUNBOOK} has a section “Who is told”", look_next="The task's page.")
    said = section.text.casefold()
    words = _words(ready_texts(section.text))
    planned = len(set(_words(beside_texts(section.text))))
    missing = [stage for stage, names in STAGES.items() if not re.search(rf"\b(?:{names})\b", said)]
    return all_of(
        true_that(
            not missing,
            f"{RUNBOOK}, “Who is told” does not name the {', the '.join(missing)}"
            if missing
            else f"{RUNBOOK}, “Who is told” names all whom the brief names",
            look_next="The brief.",
        ),
        true_that(
            planned >= LEAST_PLANNED,
            f"{RUNBOOK}, “Who is told” says who tells them, and when: different words beside the texts",
            value=float(planned),
            threshold=f"at least {LEAST_PLANNED}",
            look_next="The task's page: who, when, by whom.",
        ),
        true_that(
            len(words) >= LEAST_QUOTED and len(set(words)) >= LEAST_DIFFERENT,
            f"{RUNBOOK}, “Who is told” has texts ready to be sent (quoted with >),"
            f" of {len(set(words))} different words",
            value=float(len(words)),
            threshold=f"at least {LEAST_QUOTED} words, {LEAST_DIFFERENT} of them different",
        ),
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())


# Real disasters. Fooled by choosing (they are drawn), by repeating until a lucky one (the last of each kind
# counts, and the same kinds come again), by refusing writes or serving copies (the customers' own record and
# ledger decide).


def _graded(m: Measurement) -> list[Recovery]:
    """The last graded disaster of each kind that was drawn, of those that were carried through."""
    latest = {each.kind: each for each in m.recoveries if each.graded and each.happened}
    return sorted(latest.values(), key=lambda each: each.number)


def _name(recovery: Recovery) -> str:
    return f"disaster {recovery.number} ({recovery.kind})"


@check(id="disasters-met", task="disasters", title="Three kinds of graded disasters are over")
def disasters_met(m: Measurement) -> Verdict:
    """As many kinds as the scenario draws."""
    asked, met = m.limit("disasters.graded"), _graded(m)
    return true_that(
        len(met) >= asked,
        f"Kinds of graded disasters that are over: {', '.join(each.kind for each in met) or 'none'}",
        value=float(len(met)),
        threshold=f"at least {asked:g}",
        look_next="drill disaster --graded",
    )


def _targets(m: Measurement) -> dict[str, Risk]:
    register = _register(m)
    return {} if isinstance(register, Verdict) else register.by_scenario


@check(id="recovery-time", task="disasters", title="Customers were back in time")
def recovery_time(m: Measurement) -> Verdict:
    """By the customers' own record; the learner's target counts where it is stricter than the brief's."""
    targets, verdicts = _targets(m), []
    for each in _graded(m):
        own = targets[each.kind].rto_s if each.kind in targets else float("inf")
        bound = min(own, m.limit("brief.rto_s"))
        took = each.recovery_s
        verdicts.append(
            true_that(
                took is not None and took <= bound,
                f"Customers were away in {_name(each)}, seconds",
                value=took,
                threshold=f"at most {bound:g}",
                source=f"{each.failed} of {each.asked} requests failed",
                look_next="drill recovered --list",
            )
        )
    return all_of(*verdicts) if verdicts else _none_yet()


@check(id="recovery-point", task="disasters", title="No more orders are gone than agreed")
def recovery_point(m: Measurement) -> Verdict:
    """By the ledger; and customers could buy until the disaster struck."""
    targets, verdicts = _targets(m), []
    for each in _graded(m):
        own = targets[each.kind].rpo_s if each.kind in targets else float("inf")
        bound = min(own, m.limit("brief.rpo_s"))
        verdicts.append(_buying(each.tried_before, each.bought_before, f" {_name(each)}"))
        if "orders" in each.unlooked:
            verdicts.append(inconclusive(f"{_name(each)}: orders: {each.unlooked['orders']}"))
            continue
        verdicts.append(
            true_that(
                each.recovery_point_s <= bound,
                f"Age of the oldest order that is gone after {_name(each)}, seconds ({each.lost} are gone)",
                value=each.recovery_point_s,
                threshold=f"at most {bound:g}",
                source="ledger of the customers, beside the shop's tables",
                look_next=f"Before it, {each.archive}" if each.archive else "drill recovered --list",
            )
        )
    return all_of(*verdicts) if verdicts else _none_yet()


@check(id="whole-again", task="disasters", title="Everything else was as before")
def whole_again(m: Measurement) -> Verdict:
    """Rows, catalog, sequences, jobs, pages, a new order: what `drill recovered` found."""
    verdicts = []
    for each in _graded(m):
        found = list(findings(each))
        if not found and each.unlooked:
            why = "; ".join(f"{what}: {reason}" for what, reason in each.unlooked.items())
            verdicts.append(inconclusive(f"{_name(each)}: {why}", what=f"The shop after {_name(each)}"))
            continue
        verdicts.append(
            Verdict(
                Status.FAIL if found else Status.PASS,
                (
                    Evidence(
                        f"The shop after {_name(each)}: {'; '.join(found) or 'all as before'}",
                        Status.FAIL if found else Status.PASS,
                        threshold="nothing but orders is gone",
                        source="drill recovered",
                        look_next="docs/disasters.md, “Whether the shop is whole again”",
                    ),
                ),
            )
        )
    return all_of(*verdicts) if verdicts else _none_yet()


def _none_yet() -> Verdict:
    return true_that(False, "No graded disaster is over yet", look_next="drill disaster --graded")
