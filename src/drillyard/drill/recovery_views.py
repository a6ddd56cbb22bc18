"""A recovery and a rehearsal as people read them."""

from drillyard.assess.recoveries import Recovery, findings
from drillyard.assess.rehearsal import Rehearsed
from drillyard.drill.views import RecoveryView, RehearsalView


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
