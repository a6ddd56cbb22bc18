"""A rehearsal as readings: what fails is a fail, what was not seen is a gap."""

from drillyard.assess.reckoning import Fate, Judged, Reckoning
from drillyard.assess.recovery import Looks
from drillyard.assess.rehearsal import DESCRIBES, Rehearsed
from drillyard.traffic.ledger import Entry, WriteClass

MOMENT = 1000.0


def values(rehearsed: Rehearsed) -> dict[str, float]:
    return {each.name: each.value for each in rehearsed.readings()[0]}


def looks(**unlooked: str) -> Looks:
    gone = Entry(WriteClass.ACKNOWLEDGED, "k", 989.0, answered=990.0, customer=1, order_id=7, amount_cents=5)
    reckoning = Reckoning((Judged(gone, Fate.LOST),), MOMENT)
    readings = {"rows.lost.orders": 3.0, "rows.lost.reviews": 0.0, "jobs.lost": 9.0}
    readings |= {"content.true.home": 0.5, "content.true.search": 1.0}
    return Looks(reckoning, readings, ("table orders",), unlooked)


def test_a_shop_that_came_back_gives_every_reading() -> None:
    rehearsed = Rehearsed(MOMENT, 1060.0, 20.5, "", 30, 29, ("haproxy/haproxy.cfg",), looks())
    assert rehearsed.restored
    found = values(rehearsed)
    assert set(found) == {each.name for each in DESCRIBES}
    assert found["rehearsal.restored"] == 1
    assert found["rehearsal.seconds"] == 20.5
    assert (found["rehearsal.orders_lost"], found["rehearsal.recovery_point"]) == (1, 10.0)
    assert (found["rehearsal.tried_before"], found["rehearsal.bought_before"]) == (30, 29)
    assert (found["rehearsal.objects_gone"], found["rehearsal.rows_lost"]) == (1, 3)
    assert (found["rehearsal.files_differing"], found["rehearsal.pages_untrue"]) == (1, 1)
    assert rehearsed.readings()[1] == []


def test_a_runbook_that_failed_or_showed_no_page_restored_nothing() -> None:
    for rehearsed in (
        Rehearsed(MOMENT, 1060.0, failure="its last command ended with 1"),
        Rehearsed(MOMENT, 1060.0, tried=30, bought=30),
    ):
        assert not rehearsed.restored
        readings, (gap,) = rehearsed.readings()
        assert values(rehearsed)["rehearsal.restored"] == 0
        assert set(values(rehearsed)) == {"rehearsal.restored"}
        assert rehearsed.why in readings[0].source
        assert gap.covers("rehearsal.orders_lost")


def test_a_page_without_a_database_is_no_shop() -> None:
    rehearsed = Rehearsed(MOMENT, 1060.0, 20.5, looks=looks(orders="the database does not answer"))
    assert values(rehearsed)["rehearsal.restored"] == 0
    assert "does not answer" in rehearsed.why


def test_what_else_could_not_be_looked_at_is_a_gap() -> None:
    rehearsed = Rehearsed(MOMENT, 1060.0, 20.5, looks=looks(jobs="the broker does not answer"))
    assert values(rehearsed)["rehearsal.restored"] == 1
    (gap,) = rehearsed.readings()[1]
    assert "does not answer" in gap.reason


def test_a_rehearsal_that_was_not_held_gives_nothing() -> None:
    readings, (gap,) = Rehearsed(MOMENT, MOMENT, not_held="too few customers come").readings()
    assert readings == []
    assert gap.covers("rehearsal.restored")
