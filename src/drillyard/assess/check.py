"""Checks: what a scenario judges. Written by authors in a scenario's `checks.py`, found from there.

    from drillyard.assess.check import check
    from drillyard.assess.verdicts import at_least, ratio_at_most

    @check(id="product-hits", task="2-cache", title="Product pages come from the cache", needs={"learner"})
    def product_hits(m):
        return at_least(m.learner["cache.hit_ratio.product"], 0.8, look_next="...")

A check is a small function of a `Measurement`; it reads no configuration and starts nothing. A reading that
is missing raises, and the judge turns that into *inconclusive* with the reason: a check needs no defensive
code.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from drillyard.assess.measurement import Measurement
from drillyard.measure.reading import Window


class Status(StrEnum):
    """The three verdicts."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    """It could not be measured well enough: never held against the learner, never counted as done."""


class Need(StrEnum):
    """What a check needs to be measured before it can judge."""

    LEARNER = "learner"
    TWIN = "twin"
    PAR = "par"
    THROUGHPUT = "throughput"
    """The sustained throughput at the latency objective, of the subjects that are needed."""
    LEDGER = "ledger"
    """Acknowledged writes compared with what the learner's database holds."""
    ANSWERS = "answers"
    """Answers that customers got in the windows, compared with what the learner's database holds."""
    REHEARSAL = "rehearsal"
    """What the learner's runbook makes of empty hosts and the off-site storage (`assess/rehearsal.py`)."""
    TRIALS = "trials"
    """Whether the weaknesses that the learner says are mended are (`assess/trials.py`)."""


class Moment(StrEnum):
    """When a check has to hold."""

    END = "end"
    """Still true at the end: at submission, on the restarted range. What passed before is forgotten."""
    ONCE = "once"
    """Once is enough: a pass in any `drill check` since the last reset counts at submission too."""
    HOLD = "hold"
    """For some seconds without a break: in every window of the last so many seconds."""


@dataclass(frozen=True)
class When:
    """When a check has to hold; `seconds` is how long, for `Moment.HOLD`."""

    moment: Moment = Moment.END
    seconds: float = 0.0

    def __str__(self) -> str:
        """As it is shown: `still true at the end`, `once`, `held for 20 s`."""
        match self.moment:
            case Moment.END:
                return "still true at the end"
            case Moment.ONCE:
                return "once"
            case Moment.HOLD:
                return f"held for {self.seconds:g} s"


AT_END = When()
ONCE = When(Moment.ONCE)


def hold(seconds: float) -> When:
    """It holds for `seconds` without a break.

    Its function judges the whole measurement, and then each window of the last `seconds` alone: decide by
    points there (`never_above`, `true_that`), since one window has no interval.
    """
    return When(Moment.HOLD, seconds)


@dataclass(frozen=True)
class Evidence:
    """One thing that was measured, beside what was asked of it.

    `value` and `low`..`high` are in `unit`; `threshold` is the bound in words ("at least 0.8"); `source` is
    the query, file or endpoint, as a reader could repeat it; `look_next` says where to look, never the
    answer. What stands `aside` did not decide, and is told all the same.
    """

    what: str
    status: Status
    value: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: str = ""
    unit: str = ""
    window: Window | None = None
    source: str = ""
    look_next: str = ""
    reason: str = ""
    aside: bool = False
    """Why it is inconclusive; empty otherwise."""


@dataclass(frozen=True)
class Verdict:
    """What a check says, with its evidence. `our_bug` marks a check that broke: the drill's fault."""

    status: Status
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""
    our_bug: bool = False

    @property
    def passed(self) -> bool:
        """Whether it is a pass."""
        return self.status is Status.PASS


CheckFunction = Callable[[Measurement], Verdict]


@dataclass(frozen=True)
class Check:
    """A check with what the judge must know of it. `quick` ones are part of `drill check`; all run at
    submission.
    """

    id: str
    task: str
    title: str
    needs: frozenset[Need]
    quick: bool
    judge: CheckFunction
    probes: frozenset[str] = frozenset()
    """Ids of the probes whose readings it looks at; only those are run."""
    invariant: bool = False
    """Whether it must hold all along, whichever task is being checked."""
    when: When = AT_END


@dataclass(frozen=True)
class _Mark:
    check: Check


def check(
    *,
    id: str,
    task: str,
    title: str,
    needs: Iterable[str] = (Need.LEARNER,),
    quick: bool = True,
    probes: Iterable[str] = (),
    invariant: bool = False,
    when: When = AT_END,
) -> Callable[[CheckFunction], CheckFunction]:
    """Mark a function of a scenario's `checks.py` as a check.

    Args:
        id: stable name in kebab case, unique in the scenario.
        task: id of the task it belongs to.
        title: what holds when it passes, as a sentence without a full stop.
        needs: names of `Need`; the judge has them measured first.
        quick: False for a check that only a full measurement (submission) can decide.
        probes: ids of the probes (`assess/probe.py`) that give some of its readings.
        invariant: True for what must hold whichever task is looked at.
        when: `AT_END` (still true at submission), `ONCE`, or `hold(seconds)`.
    """

    def mark(function: CheckFunction) -> CheckFunction:
        made = Check(
            id, task, title, frozenset(map(Need, needs)), quick, function, frozenset(probes), invariant, when
        )
        setattr(function, _ATTRIBUTE, _Mark(made))
        return function

    return mark


_ATTRIBUTE = "__drillyard_check__"


def check_of(thing: object) -> Check | None:
    """The check that `thing` was marked as, or None."""
    found = getattr(thing, _ATTRIBUTE, None)
    return found.check if isinstance(found, _Mark) else None


def for_task(checks: Iterable[Check], task: str) -> list[Check]:
    """The quick checks of one task, and the invariants."""
    return [each for each in checks if each.quick and (each.task == task or each.invariant)]


def held_for(checks: Iterable[Check]) -> float:
    """The longest time, in seconds, that one of these checks has to hold without a break."""
    return max((each.when.seconds for each in checks), default=0.0)


def needs_of(checks: Iterable[Check]) -> frozenset[Need]:
    """Everything that these checks need to be measured."""
    return frozenset().union(*(each.needs for each in checks))


def inconclusive(reason: str, *, what: str = "", look_next: str = "", our_bug: bool = False) -> Verdict:
    """A verdict that says why it could not be measured."""
    evidence = Evidence(what=what or reason, status=Status.INCONCLUSIVE, reason=reason, look_next=look_next)
    return Verdict(Status.INCONCLUSIVE, (evidence,), reason, our_bug)


def in_doubt(verdict: Verdict, reason: str) -> Verdict:
    """A verdict with the same evidence, of which what fails is undecided, for a reason."""
    items = (
        replace(each, status=Status.INCONCLUSIVE, reason=reason) if each.status is Status.FAIL else each
        for each in verdict.evidence
    )
    return Verdict(Status.INCONCLUSIVE, tuple(items), reason)


def combined(statuses: Iterable[Status]) -> Status:
    """Fails when any fails, else inconclusive when any is, else passes."""
    found = set(statuses)
    for status in (Status.FAIL, Status.INCONCLUSIVE):
        if status in found:
            return status
    return Status.PASS


def all_of(*verdicts: Verdict) -> Verdict:
    """Passes when all pass, fails when any fails, otherwise inconclusive; keeps all evidence."""
    evidence = tuple(item for verdict in verdicts for item in verdict.evidence)
    order = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS)
    status = min((verdict.status for verdict in verdicts), key=order.index, default=Status.INCONCLUSIVE)
    reason = " ".join(v.reason for v in verdicts if v.status is status and v.reason)
    return Verdict(
        status,
        evidence,
        reason or ("" if verdicts else "nothing was judged"),
        any(v.our_bug for v in verdicts),
    )


def any_of(*verdicts: Verdict) -> Verdict:
    """Passes when any passes, fails when all fail, otherwise inconclusive; keeps all evidence."""
    joined = all_of(*verdicts)
    order = (Status.PASS, Status.INCONCLUSIVE, Status.FAIL)
    status = min((verdict.status for verdict in verdicts), key=order.index, default=Status.INCONCLUSIVE)
    return replace(joined, status=status)
