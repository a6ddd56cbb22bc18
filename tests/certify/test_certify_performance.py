"""A small part of `drill certify` on live ranges; the whole (three variants, twice) takes hours, by hand.

Of each kind one row: the untouched drill, the cheat that is seen soonest, and a flaw whose reading is a
counter, which no busy machine disturbs.
"""

from pathlib import Path

import pytest

from drillyard.author.certify import Settings, certify
from drillyard.author.rows import Kind, Played, Proof, cases
from drillyard.scenario import find_scenario

pytestmark = [pytest.mark.certify, pytest.mark.timeout(900)]

SCENARIO = find_scenario("performance-optimization")


def _ignore(_played: Played) -> None:
    return


@pytest.mark.parametrize(
    ("kind", "only"), [(Kind.UNTOUCHED, []), (Kind.FLAW, ["index-history"]), (Kind.CHEAT, ["no-workers"])]
)
def test_a_row_of_each_kind_is_as_it_must_be(kind: Kind, only: list[str]) -> None:
    chosen = cases(SCENARIO, variants=["1"], repeat=1, kinds=[kind], only=only)
    certificate = certify(SCENARIO, chosen, Settings(how="check"), _ignore)
    assert [(each.proof, each.why) for each in certificate.played if each.proof is not Proof.PROVEN] == []


def test_a_drill_that_cannot_start_is_broken_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    chosen = cases(SCENARIO, variants=["no-number"], repeat=1, kinds=[Kind.UNTOUCHED], only=[])
    (played,) = certify(SCENARIO, chosen, Settings(how="check"), _ignore).played
    assert played.proof is Proof.BROKEN
    assert "no-number" in played.why
    assert not list(tmp_path.iterdir())
