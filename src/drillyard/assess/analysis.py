"""Are the results analysed? What a document says was so before and is so now, and what it says remains.

Its figures are held against the drill's own measurements: those under "before" against the untouched state
(every twin, and the first measurements), those under "after" against what was measured since. What a range
cannot tell is left to the reader, and doubt counts for the learner: only a figure whose line names a reading
in full, and whose value is that of the other state, is called wrong.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from drillyard.assess.check import Evidence, Status, Verdict
from drillyard.assess.figures import Candidate, Figure, figures_in, meant, pinned, values_of, words_of
from drillyard.assess.measurement import Measurement
from drillyard.assess.prose import Section, section_of, sections_of
from drillyard.assess.verdicts import SAME
from drillyard.measure.paired import Interval
from drillyard.scenario.manifest import Analysis

NEAR_WORST = 0.8
"""A route is among the slowest when its percentile may be as high as this share of the highest."""
ASKED_OFTEN = 0.02
"""A route with a smaller share of all requests has a percentile of a handful."""
SHOWN = 5
"""So many wrong statements are named; nobody reads more."""
MOST = 4
"""More values of one reading in one section say nothing about which of them is meant."""

_PARTS = words_of(
    "database postgres postgresql valkey cache haproxy proxy balancer replica replicas storefront worker"
    " workers payments notifications inventory reports partner mail pool pools queue queues memory cpu"
    " connection connections disk lock locks vacuum python processes threads index indexes query queries"
    " search listing catalogue checkout cart reviews recommendations latency throughput hit p95 p99 p50"
)
"""What may give way next in a shop like this."""
_PAST = re.compile(
    r"\b(was|were|been|had|from|before|instead|than|down|up|began|begun|earlier|first|originally|used|aim\w*"
    r"|goal|target|want\w*|promis\w*|limit|objective|untouched|twin|par|beside|compared|not|no|never|would)\b",
    re.IGNORECASE,
)
"""A line with one of these may speak of another time, another range, or a wish."""
_SLOWEST = re.compile(r"\b(slowest|worst)\b[^.;]*\b(route|page|p95|latency)\b", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(not|no|never|was|were|used|before|second|case|hit|query|statement)\b|n't", re.IGNORECASE
)
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
        name = pinned(figure, self.kinds)
        other = self.after if own is self.before else self.before
        here, there = ([each for each in side if each.name == name] for side in (own, other))
        if not here or any(each.near(figure) for each in here):
            return ""
        return name if any(each.near(figure) for each in there) else ""

    def moved(self, name: str) -> bool:
        """Whether the reading differs between the states."""
        before, after = self.spans[name]
        return abs(after.value - before.value) > SAME * max(abs(before.value), abs(after.value))

    def right_way(self, name: str, before: Figure, after: Figure) -> bool:
        """Whether two figures go the way that the reading went; any way where it did not move."""
        if not self.moved(name):
            return True
        was, now = self.spans[name]
        return any(
            (b - a) * (was.value - now.value) > 0 and abs(b - a) > SAME * max(b, a)
            for b in before.values
            for a in after.values
        )


@dataclass(frozen=True)
class _Statement:
    """A figure of a section with the readings that it states truly of either state; `text` is its line."""

    figure: Figure
    text: str
    before: frozenset[str]
    after: frozenset[str]


@dataclass(frozen=True)
class _Told:
    """The statements of one section."""

    statements: Sequence[_Statement] = ()

    def of(self, name: str, side: str) -> list[Figure]:
        """Figures that state the reading truly `before` or `after`; none where there are too many to tell."""
        found = [each.figure for each in self.statements if name in getattr(each, side)]
        return found if len({figure.text for figure in found}) <= MOST else []

    def misplaced(self, states: _States, own: Sequence[Candidate]) -> list[tuple[_Statement, str]]:
        """Those with the value of the other state, and the reading; what speaks of other times is none."""
        return [
            (each, name)
            for each in self.statements
            if not each.figure.quoted
            and not _PAST.search(each.text)
            and (name := states.other_state(each.figure, own))
        ]


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
    before, after, rest = (_told(section_of(sections, title), states) for title in analysis.sections)
    remaining = section_of(sections, analysis.remaining)
    evidence = [
        *_compared(before, after, states, analysis),
        *_remaining(remaining.text if remaining else "", analysis),
        *_wrong(rest, states, states.after, rest, "was so before the changes, and is not now"),
        *_claims(remaining.text if remaining else "", m, analysis),
    ]
    failed = any(item.status is Status.FAIL for item in evidence)
    return Verdict(Status.FAIL if failed else Status.PASS, tuple(evidence))


def _states(m: Measurement) -> _States:
    """The untouched state is that of every twin, and of the first measurements until another release came.

    What was measured since then is "after", whichever release it was: which of them a figure is of, its
    direction tells.
    """
    taken = sorted((*m.earlier, m), key=lambda each: each.started)
    first, *later = taken
    untouched = [first] if first.id != m.id else []
    for each in later:
        if each.workspace != first.workspace or first.workspace == m.workspace:
            break
        untouched.append(each)
    since = [each for each in later if each not in untouched] or [m]
    start = {**first.learner.all(), **m.twin.all()}
    now = m.learner.all()
    return _States(
        before=[
            value
            for readings in (
                *(each.learner.all() for each in untouched),
                *(each.twin.all() for each in taken),
            )
            for value in values_of(readings)
        ],
        after=[value for each in since for value in values_of(each.learner.all())],
        spans={name: (start[name], now[name]) for name in start.keys() & now.keys()},
    )


def _told(section: Section | None, states: _States) -> _Told:
    if section is None:
        return _Told()
    lines = section.text.splitlines()
    return _Told(
        [
            _Statement(
                replace(figure, line=figure.line + section.line + section.rows - 1),
                lines[figure.line - 1],
                meant(figure, states.before),
                meant(figure, states.after),
            )
            for figure in figures_in(section.text)
        ]
    )


def _compared(before: _Told, after: _Told, states: _States, analysis: Analysis) -> Iterator[Evidence]:
    wrong = {name for _, name in before.misplaced(states, states.before)}
    both = sorted(name for name in states.spans if name not in wrong and _stated(name, before, after, states))
    enough = len(both) >= analysis.compared
    yield Evidence(
        f"{analysis.document}: readings with a true value of before and of after: "
        f"{', '.join(both[:6]) or 'none'}",
        Status.PASS if enough else Status.FAIL,
        value=float(len(both)),
        threshold=f"at least {analysis.compared}",
        source=f"“{analysis.before}” and “{analysis.after}”, against the kept measurements",
        look_next=""
        if enough
        else f"The same readings in “{analysis.before}” and “{analysis.after}”: drill compare first last",
    )
    changed = any(states.moved(name) for name in both)
    if enough:
        yield Evidence(
            f"{analysis.document}: one of these readings changed",
            Status.PASS if changed else Status.FAIL,
            threshold=f"by more than {SAME:.0%}",
            look_next="" if changed else "Which reading shows what your changes were worth?",
        )
    yield from _wrong(before, states, states.before, before, "is what was measured after the changes")
    yield from _wrong(after, states, states.after, after, "is what was measured before the changes")


def _stated(name: str, before: _Told, after: _Told, states: _States) -> bool:
    """Whether both values of a reading are there and go the way that it went: under their headings, or one
    right of the other on one line.
    """
    pairs = [(old, new) for old in before.of(name, "before") for new in after.of(name, "after")]
    pairs += [
        (old, new)
        for old in after.of(name, "before")
        for new in after.of(name, "after")
        if old.line == new.line and old is not new
    ]
    return any(states.right_way(name, old, new) for old, new in pairs)


def _wrong(
    told: _Told, states: _States, own: Sequence[Candidate], right: _Told, why: str
) -> Iterator[Evidence]:
    """Figures that are true of the other state only, of readings that are nowhere stated right."""
    side = "before" if own is states.before else "after"
    wrong = [each for each, name in told.misplaced(states, own) if not right.of(name, side)]
    for each in wrong[:SHOWN]:
        yield Evidence(
            f"line {each.figure.line} “{each.figure.text}” {why}",
            Status.FAIL,
            threshold="true of the state that the section is about",
            source="the drill's kept measurements",
            look_next="drill compare first last",
        )


def _remaining(text: str, analysis: Analysis) -> Iterator[Evidence]:
    named = sorted(words_of(text) & _PARTS)
    yield Evidence(
        f"{analysis.document}: “{analysis.remaining}” names "
        + (f"parts of the shop: {', '.join(named[:6])}" if named else "no part of the shop"),
        Status.PASS if named else Status.FAIL,
        threshold="what would give way next",
        look_next="" if named else "Raise the load with `drill traffic` and see which part bends first.",
    )


def _claims(text: str, m: Measurement, analysis: Analysis) -> Iterator[Evidence]:
    """What the section calls the slowest route is among the slowest of those that customers ask for."""
    routes = _asked_often(m)
    worst = max((each.value for each in routes.values()), default=0.0)
    wrong = []
    for sentence in filter(_SLOWEST.search, _SENTENCE.split(text)):
        words = words_of(sentence)
        named = [name for name in routes if words_of(name.removeprefix(_ROUTES)) <= words]
        if len(named) == 1 and not _DENIED.search(sentence) and routes[named[0]].high < NEAR_WORST * worst:
            wrong.append((sentence.strip(), routes[named[0]]))
    for sentence, found in wrong[:1]:
        yield Evidence(
            f"{analysis.document}: “{sentence[:80]}”",
            Status.FAIL,
            value=found.value,
            low=found.low,
            high=found.high,
            unit=found.unit.value,
            threshold=f"about the highest of all routes ({worst:.3g} {found.unit.value})",
            source=found.source,
            window=found.window,
            look_next=f"{_ROUTES}<route> in `drill measure`",
        )


def _asked_often(m: Measurement) -> dict[str, Interval]:
    """Latencies of the routes with more than a few requests."""
    counts = m.learner.all("requests.count.")
    total = sum(each.value for each in counts.values())
    return {
        name: each
        for name, each in m.learner.all(_ROUTES).items()
        if not counts
        or (asked := counts.get(f"requests.count.{name.removeprefix(_ROUTES)}")) is None
        or asked.value >= ASKED_OFTEN * total
    }
