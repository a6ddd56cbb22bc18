"""Sentences of commands that depend on what there is."""

from pathlib import Path

import pytest

from drillyard.cli import hint, list_, measure, start
from drillyard.drill.places import Places, create, new_record
from drillyard.drill.views import FiguresView


def new(name: str, scenario: str = "shop") -> Places:
    record = new_record(name=name, scenario=scenario, variant="1", workspace=None, traffic=True, scale=None)
    return create(record)


def test_a_second_drill_of_a_scenario_names_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path))
    start._mention_others(new("other", scenario="another"), "another")
    start._mention_others(new("shop"), "shop")
    assert capsys.readouterr().err == ""
    start._mention_others(new("shop-2"), "shop")
    assert "drill resume -d shop\n" in capsys.readouterr().err


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
    assert (hint._points(1), hint._points(3)) == ("1 point", "3 points")


def test_a_workspace_at_home_is_shown_short() -> None:
    assert list_._shortened("/home/me/drills/x", "/home/me/") == "~/drills/x"
    assert list_._shortened("/srv/x", "/home/me/") == "/srv/x"
