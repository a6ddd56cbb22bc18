"""What the API shows of disasters, recoveries and rehearsals."""

from pydantic import BaseModel, ConfigDict

from drillyard.assess.recoveries import Recovery, findings
from drillyard.assess.rehearsal import Rehearsed


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class StruckView(_View):
    """Something happened: its number, and its kind only if the learner named it."""

    number: int
    graded: bool
    disaster: str = ""


class RecoveryView(_View):
    """What came of one disaster, as `assess.recoveries.Recovery` has it; times in seconds, money in cents."""

    number: int
    disaster: str
    title: str
    detail: str
    graded: bool
    by: str
    recovery_s: float | None
    recovery_point_s: float
    asked: int
    failed: int
    fates: dict[str, int]
    lost_cents: int
    missed_cents: int
    findings: list[str]
    """What is not as it was before, in words."""
    unlooked: dict[str, str] = {}


class RehearsalView(_View):
    """What a runbook made of empty hosts and the off-site storage; `seconds` to the first page, money in
    cents.
    """

    restored: bool
    why: str
    """Why it is not restored; empty when it is."""
    seconds: float | None
    recovery_point_s: float
    lost: int
    lost_cents: int
    tried: int
    bought: int
    gone: list[str]
    rows_lost: dict[str, float]
    differing: list[str]
    unlooked: dict[str, str] = {}


class RecoveriesView(_View):
    """All that are over, oldest first; `open` is the number of one that is not."""

    recoveries: list[RecoveryView]
    open: int | None = None


def view_of(recovery: Recovery) -> RecoveryView:
    """All of it, with what is not as it was in words."""
    return RecoveryView(
        number=recovery.number,
        disaster=recovery.kind,
        title=recovery.title,
        detail=recovery.detail,
        graded=recovery.graded,
        by=recovery.by,
        recovery_s=recovery.recovery_s,
        recovery_point_s=recovery.recovery_point_s,
        asked=recovery.asked,
        failed=recovery.failed,
        fates=dict(recovery.fates),
        lost_cents=recovery.lost_cents,
        missed_cents=recovery.missed_cents,
        findings=list(findings(recovery)),
        unlooked=dict(recovery.unlooked),
    )


def rehearsal_view(rehearsed: Rehearsed) -> RehearsalView:
    """All of it; what was not looked at is empty."""
    looks = rehearsed.looks
    return RehearsalView(
        restored=rehearsed.restored,
        why=rehearsed.why,
        seconds=rehearsed.seconds,
        recovery_point_s=looks.reckoning.recovery_point_s if looks else 0.0,
        lost=len(looks.reckoning.lost) if looks else 0,
        lost_cents=looks.reckoning.lost_cents if looks else 0,
        tried=rehearsed.tried,
        bought=rehearsed.bought,
        gone=list(looks.gone) if looks else [],
        rows_lost=rehearsed.rows_lost,
        differing=list(rehearsed.differing),
        unlooked=dict(looks.unlooked) if looks else {},
    )
