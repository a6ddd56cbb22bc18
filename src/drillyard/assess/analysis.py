"""Are the results analysed? What a document says was so before and is so now, and what it says remains.

Its figures are held against the drill's own measurements: those under "before" against the untouched state
(the first measurement, and every twin), those under "after" against the state that was submitted. What a
range cannot tell is left to the reader.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from drillyard.assess.check import Evidence, Status, Verdict
from drillyard.assess.documents import Section, section_of, sections_of
from drillyard.assess.figures import Candidate, Figure, figures_in, meant, pinned, values_of, words_of
from drillyard.assess.measurement import Measurement
from drillyard.measure.paired import Interval
from drillyard.scenario.manifest import Analysis

CHANGED = 0.05
"""A reading that moved by less did not change: the same bound as that of verdicts."""
NEAR_WORST = 0.8
"""A route is among the slowest when its percentile may be as high as this share of the highest."""
SHOWN = 5
"""So many wrong statements are named; nobody reads more."""

_PARTS = words_of(
    "database postgres postgresql valkey cache haproxy proxy balancer replica replicas storefront worker"
    " workers payments notifications inventory reports partner mail pool pools queue queues memory cpu"
    " connection connections disk lock locks vacuum python process processes thread threads index indexes"
)
"""What may give way next in a shop like this, beside everything that has a reading."""
_WORST = re.compile(r"\b(slowest|dearest|longest|worst)\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(not|no|never|was|were|used|before|second)\b|n't", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.;!?])\s+|\n")
_ROUTES = "latency.p95."


@dataclass(frozen=True)
class _States:
    """What figures can mean: values of the untouched state, and of the one that was submitted.

    `spans` are the readings that both have, as the twin has them and as the learner does at submission.
    """

    before: Sequence[Candidate]
    after: Sequence[Candidate]
    spans: Mapping[str, tuple[Interval, Interval]]

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of every reading."""
        return {each.name: each.kind for each in (*self.before, *self.after)}

    def other_state(self, figure: Figure, own: Sequence[Candidate]) -> str:
        """The reading that the figure's line names, when its value is that of the other state only."""
        name = pinned(figure, self.kinds, self.kinds)
        other = self.after if own is self.before else self.before
        here, there = ([each for each in side if each.name == name] for side in (own, other))
        if not here or any(each.near(figure.value) for each in here):
            return ""
        return name if any(each.near(figure.value) for each in there) else ""


@dataclass(frozen=True)
class _Statement:
    """A figure of a section with the readings that it states truly of either state."""

    figure: Figure
    before: frozenset[str]
    after: frozenset[str]


def analysed(m: Measurement, analysis: Analysis) -> Verdict:
    """The comparison of before and after is there and true, and what remains is named and true.

    `m` carries the documents and the earlier measurements (`documents.with_workspace`).
    """
    if analysis.document not in m.documents:
        missing = Evidence(
            f"{analysis.document} is not in the workspace, or is not text",
            Status.FAIL,
            threshold="results that are analysed",
            look_next="Write it.",
        )
        return Verdict(Status.FAIL, (missing,))
    sections = sections_of(m.documents[analysis.document])
    states = _states(m)
    told = {title: _statements(section_of(sections, title), states) for title in analysis.sections}
    evidence = [
        *_compared(told[analysis.before], told[analysis.after], states, analysis),
        *_remaining(section_of(sections, analysis.remaining), told[analysis.remaining], m, states, analysis),
    ]
    failed = any(item.status is Status.FAIL for item in evidence)
    return Verdict(Status.FAIL if failed else Status.PASS, tuple(evidence))


def _states(m: Measurement) -> _States:
    """The untouched state is that of every twin, and of the first measurements until another release came."""
    taken = sorted((*m.earlier, m), key=lambda each: each.started)
    first, *later = taken
    untouched = [first] if first.id != m.id else []
    for each in later:
        if each.workspace != first.workspace or first.workspace == m.workspace:
            break
        untouched.append(each)
    submitted = [each for each in later if each.workspace == m.workspace and each not in untouched] or [m]
    old = [each.learner.all() for each in untouched] + [each.twin.all() for each in taken]
    new = [each.learner.all() for each in submitted]
    start = {**first.learner.all(), **m.twin.all()}
    now = m.learner.all()
    return _States(
        before=[value for readings in old for value in values_of(readings)],
        after=[value for readings in new for value in values_of(readings)],
        spans={name: (start[name], now[name]) for name in start.keys() & now.keys()},
    )


def _statements(section: Section | None, states: _States) -> list[_Statement]:
    if section is None:
        return []
    return [
        _Statement(
            replace(figure, line=figure.line + section.line),
            meant(figure, states.before),
            meant(figure, states.after),
        )
        for figure in figures_in(section.text)
    ]


def _compared(
    before: Sequence[_Statement], after: Sequence[_Statement], states: _States, analysis: Analysis
) -> Iterator[Evidence]:
    was = _union(each.before for each in before)
    now = _union(each.after for each in after)
    both = (was & now | _in_one_line(after)) & states.spans.keys()
    named = ", ".join(sorted(both)[:6]) or "none"
    enough = len(both) >= analysis.compared
    yield Evidence(
        f"{analysis.document}: readings with a true value of before and of after: {named}",
        Status.PASS if enough else Status.FAIL,
        value=float(len(both)),
        threshold=f"at least {analysis.compared}",
        source=f"“{analysis.before}” and “{analysis.after}”, against the kept measurements",
        look_next=""
        if enough
        else f"The same readings in “{analysis.before}” and “{analysis.after}”: drill compare first last",
    )
    changed = any(_moved(*states.spans[name]) for name in both)
    if enough:
        yield Evidence(
            f"{analysis.document}: one of these readings changed",
            Status.PASS if changed else Status.FAIL,
            threshold=f"by more than {CHANGED:.0%}",
            look_next="" if changed else "Which reading shows what your changes were worth?",
        )
    yield from _misplaced(before, states, states.before, was, "is what was measured after the changes")
    yield from _misplaced(after, states, states.after, now, "is what was measured before the changes")


def _in_one_line(statements: Iterable[_Statement]) -> frozenset[str]:
    """Readings whose value of before and, right of it, that of after stand on one line."""
    lines: dict[int, list[_Statement]] = {}
    for each in statements:
        lines.setdefault(each.figure.line, []).append(each)
    return _union(
        old.before & new.after
        for line in lines.values()
        for index, old in enumerate(line)
        for new in line[index + 1 :]
    )


def _misplaced(
    statements: Iterable[_Statement],
    states: _States,
    own: Sequence[Candidate],
    right: frozenset[str],
    why: str,
) -> Iterator[Evidence]:
    """Figures that are true of the other state only, of readings that the section does not state right."""
    wrong = [
        each.figure
        for each in statements
        if not each.figure.quoted and (name := states.other_state(each.figure, own)) and name not in right
    ]
    for figure in wrong[:SHOWN]:
        yield Evidence(
            f"line {figure.line} “{figure.text}” {why}",
            Status.FAIL,
            threshold="true of the state that the section is about",
            source="the drill's kept measurements",
            look_next="drill compare first last",
        )


def _remaining(
    section: Section | None,
    statements: Sequence[_Statement],
    m: Measurement,
    states: _States,
    analysis: Analysis,
) -> Iterator[Evidence]:
    text = section.said if section else ""
    parts = _PARTS | _union(words_of(name) for name in states.spans)
    named = sorted(words_of(text) & parts)
    yield Evidence(
        f"{analysis.document}: “{analysis.remaining}” names "
        + (f"parts or readings of the shop: {', '.join(named[:6])}" if named else "no part of the shop"),
        Status.PASS if named else Status.FAIL,
        threshold="what would give way next",
        look_next="" if named else "Raise the load with `drill traffic` and see which part bends first.",
    )
    now = _union(each.after for each in statements)
    stale = "was so before the changes, and is not now"
    yield from _misplaced(statements, states, states.after, now, stale)
    yield from _claims(text, m, analysis)


def _claims(text: str, m: Measurement, analysis: Analysis) -> Iterator[Evidence]:
    """What the section calls the slowest route is among the slowest."""
    routes = m.learner.all(_ROUTES)
    worst = max((each.value for each in routes.values()), default=0.0)
    for sentence in filter(_WORST.search, _SENTENCE.split(text)):
        words = words_of(sentence)
        meant_routes = [name for name in routes if words_of(name.removeprefix(_ROUTES)) <= words]
        if _DENIED.search(sentence) or len(meant_routes) != 1:
            continue
        found = routes[meant_routes[0]]
        holds = found.high >= NEAR_WORST * worst
        yield Evidence(
            f"{analysis.document}: “{sentence.strip()[:80]}”",
            Status.PASS if holds else Status.FAIL,
            value=found.value,
            low=found.low,
            high=found.high,
            unit=found.unit.value,
            threshold=f"about the highest of all routes ({worst:.3g} {found.unit.value})",
            source=found.source,
            window=found.window,
            look_next="" if holds else f"{_ROUTES}<route> in `drill measure`",
        )


def _moved(before: Interval, after: Interval) -> bool:
    largest = max(abs(before.value), abs(after.value))
    return abs(after.value - before.value) > CHANGED * largest


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*sets)
