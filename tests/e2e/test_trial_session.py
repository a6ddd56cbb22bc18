"""A latent flaw on a running shop: its trial alone shows it, on the twin and on one's own until mended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from e2e_terminal import SCALE, Terminal

from drillyard.drill.places import Places

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

CHAOS = "chaos-engineering"
SOLUTION = Path(__file__).parents[2] / "scenarios" / CHAOS / "solutions" / "one-by-one" / "run"
SERVED = "requests.success_ratio"


@pytest.fixture(scope="module")
def drill(terminal: Terminal) -> Terminal:
    """A shop without a way around its cache."""
    terminal.run("start", CHAOS, "--name", "weak", "--variant", "only:cache-required", "--data-scale", SCALE)
    return terminal


def measured(drill: Terminal) -> dict[str, tuple[float, float]]:
    """Readings on the learner's range and on the twin."""
    rows = drill.json("measure", "--all", timeout_s=200)["rows"]
    assert isinstance(rows, list)
    return {row["name"]: (row["value"], row["twin"]) for row in rows if row.get("twin") is not None}


def test_the_weakness_shows_in_its_trial_alone(drill: Terminal) -> None:
    found = measured(drill)
    assert min(found[SERVED]) > 0.98
    assert max(found[f"trial.cache-required.{SERVED}"]) < 0.7
    assert drill.json("fault")["on"] == []


def test_a_repair_shows_on_ones_own_shop_and_the_twin_stays_weak(drill: Terminal) -> None:
    workspace = drill.home / "drills" / "weak"
    subprocess.run(
        [str(SOLUTION), "--repair-only"],
        cwd=workspace,
        env={**drill.env, "DRILL": "weak", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        check=True,
    )
    own, twin = measured(drill)[f"trial.cache-required.{SERVED}"]
    assert own > 0.9
    assert twin < 0.7


def test_a_trial_leaves_no_record_and_is_none_of_the_learners_faults(drill: Terminal) -> None:
    places = Places(drill.home / "data/drills/weak")
    assert not list((places.private / "trials").rglob("*.json"))
    assert "network.cut" not in drill.run("history").stdout


def test_the_connections_of_the_shop_are_named_where_a_fault_has_one(drill: Terminal) -> None:
    assert "storefront-1-to-valkey" in drill.run("fault", "list", "network.cut").stdout
    assert "Connections here" not in drill.run("fault", "list", "queue.lost-acknowledgement").stdout
