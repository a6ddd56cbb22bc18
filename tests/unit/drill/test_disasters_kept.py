"""What a drill keeps of its disasters, and how it is told."""

from pathlib import Path

import pytest

from drillyard.assess.recoveries import Disastered, Recovery
from drillyard.base.errors import UserError
from drillyard.drill.aftermath import disaster_open, require_no_disaster
from drillyard.drill.disasters import Disasters
from drillyard.drill.places import Places
from drillyard.drill.recovery_views import view_of

COMING = Disastered(1, "data-gone", "The disk is dead", False, 100.0, catalog=frozenset({"table orders"}))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "drill")
    places.private.mkdir(parents=True)
    return places


def recovery(number: int = 1, **changed: object) -> Recovery:
    values: dict[str, object] = {
        "number": number, "kind": "data-gone", "title": "The disk is dead", "graded": False, "by": "hand",
        "struck": 100.0, "detail": "it was", "looked": 160.0, "began": 101.0, "ended": 120.5, "asked": 300,
        "failed": 200, "fates": {"kept": 9, "lost": 1}, "recovery_point_s": 2.5, "lost_cents": 990,
        "missed_cents": 5, "lost_keys": (f"key-{number}",),
    }  # fmt: skip
    return Recovery(**{**values, **changed})  # type: ignore[arg-type]  # values of the right types


def test_a_disaster_is_open_until_it_was_looked_at(places: Places) -> None:
    disasters = Disasters(places)
    assert not disaster_open(places)
    disasters.begin(COMING)
    assert disaster_open(places)
    with pytest.raises(UserError, match="not over"):
        require_no_disaster(places)
    known = disasters.struck(COMING, 105.0, "it was")
    assert Disasters(places).open == known
    disasters.end(recovery())
    assert not disaster_open(places)
    assert Disasters(places).all() == [recovery()]


def test_orders_that_earlier_disasters_took_are_known(places: Places) -> None:
    disasters = Disasters(places)
    for number in (1, 2):
        disasters.end(recovery(number))
    assert disasters.lost_keys() == {"key-1", "key-2"}
    disasters.forget()
    assert disasters.all() == []


def test_a_damaged_record_is_told(places: Places) -> None:
    disasters = Disasters(places)
    disasters.begin(COMING)
    for file in (places.private / "disasters").iterdir():
        file.write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        print(disasters.open)


def test_what_is_not_as_it_was_is_told_in_words() -> None:
    assert view_of(recovery()).findings == []
    assert view_of(recovery()).recovery_s == 19.5
    readings = {
        "jobs.lost": 3.0,
        "rows.lost.orders": 7.0,
        "content.true.home": 0.5,
        "content.true.search": 1.0,
    }
    found = view_of(recovery(readings=readings, gone=("index orders_pkey",), fates={"phantom": 2})).findings
    assert found == [
        "2 orders are there whose customers were told no",
        "only 50% of what must be shown is shown: home",
        "jobs neither done nor in a queue: 3",
        "rows of the table orders gone or changed that were there at the start of the drill: 7",
        "gone: index orders_pkey",
    ]
