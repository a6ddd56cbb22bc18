"""A recovery as people read it."""

from collections.abc import Iterator

from drillyard.assess.reckoning import Fate
from drillyard.assess.recovery import Recovery
from drillyard.drill.views import RecoveryView

_COUNTS = {
    "rows.lost.": "rows of the table {rest} that were there at the start of the drill are gone or changed",
    "jobs.lost": "jobs are neither done nor in a queue",
    "ledger.incomplete": "orders lack lines, payment, mail or stock movement",
    "recovery.numbers_reused": "order numbers were given to two customers",
    "promise.order_missing": "things are missing of an order that was placed now",
}
_SHARES = "content.true."
_TRUE = 0.9


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
        findings=list(_findings(recovery)),
        unlooked=dict(recovery.unlooked),
    )


def _findings(recovery: Recovery) -> Iterator[str]:
    if phantoms := recovery.fates.get(Fate.PHANTOM, 0):
        yield f"{phantoms} orders are there whose customers were told no"
    for name, value in sorted(recovery.readings.items()):
        for prefix, words in _COUNTS.items():
            if name.startswith(prefix) and value:
                yield f"{value:.0f} {words.format(rest=name.removeprefix(prefix))}"
        if name.startswith(_SHARES) and value < _TRUE:
            kind = name.removeprefix(_SHARES).replace("_", " ")
            yield f"only {value:.0%} of what must be shown is shown: {kind}"
    yield from (f"gone: {each}" for each in recovery.gone)
