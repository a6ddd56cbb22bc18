"""Sentences of commands that depend on what there is."""

import pytest

from drillyard.cli import list_, measure, rehearse, screen, traffic
from drillyard.drill.views import FiguresView


@pytest.mark.parametrize(
    ("name", "label", "partners"),
    [
        ("m1", "before", "before last"),
        ("m1", "", "m1 last"),
        ("m2", "after", "first after"),
        ("m3", "", "first m3"),
    ],
)
def test_a_measurement_is_never_to_be_compared_with_itself(name: str, label: str, partners: str) -> None:
    found = FiguresView(id=name, at=0, label=label, purpose="measure", complete=True, rows=[])
    assert measure._partners(found).startswith(partners)


def test_one_point_is_one_point() -> None:
    assert (screen.price(1), screen.price(3)) == ("1 point", "3 points")


def test_one_of_anything_is_one() -> None:
    assert (screen.counted(1, "row"), screen.counted(1200, "row")) == ("1 row", "1,200 rows")
    assert traffic._coming(1) == "1 request a second comes."
    assert traffic._coming(40) == "40 requests a second come."
    assert rehearse._rows(1, "users") == "1 row of the table users is"
    assert rehearse._rows(2, "users") == "2 rows of the table users are"


def test_a_workspace_at_home_is_shown_short() -> None:
    assert list_._shortened("/home/me/drills/x", "/home/me/") == "~/drills/x"
    assert list_._shortened("/srv/x", "/home/me/") == "/srv/x"
