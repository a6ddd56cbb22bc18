import textwrap
from pathlib import Path

import pytest

from drillyard.base.errors import UserError
from drillyard.scenario import Scenario, find_scenario, find_scenarios
from drillyard.scenario.errors import ScenarioError

MANIFEST = """
format_version: 1
title: Tiny
objective: One thing
duration: 1 h 30 min
prerequisites: [SQL]
tasks:
  - id: look
    title: Look
    steps: [Look at it]
    page: 1-look.md
    self_assessed: nothing to measure yet
success_criteria: [It is fast]
traffic: {base_rate: 5, measure_rate: 20, mix: {browse: 1}}
budget: {processes: 8, connections: 40, memory_mb: 900}
promises: {price_stale_s: 30, payment_wait_s: 5}
variants: {minimum: 1, maximum: 1, per_family: {cache: 1}}
par: only
"""

FLAWS = '''
from drillyard.scenario import Plant, flaw


@flaw(id="ttl", family="cache", title="Short", moves="cache.hit_ratio", direction="down")
def ttl(plant: Plant) -> None:
    """Too short."""
    plant.edit_toml("storefront/storefront.toml", "cache.product.ttl_s", 1)
'''


def make(root: Path, manifest: str = MANIFEST) -> Path:
    directory = root / "tiny"
    for name in ("tasks", "solutions/only", "cheats/none"):
        (directory / name).mkdir(parents=True)
    (directory / "scenario.yaml").write_text(manifest)
    (directory / "tasks/1-look.md").write_text("# Look\n")
    (directory / "brief.md").write_text("# Brief\n")
    (directory / "flaws.py").write_text(FLAWS)
    (directory / "hints.yaml").write_text(
        textwrap.dedent("""\
        look:
          - {tier: 1, cost: 1, text: a}
          - {tier: 2, cost: 3, text: b}
          - {tier: 3, cost: 6, text: c}
        """)
    )
    (directory / "solutions/only/changes.yaml").write_text("sql:\n  - {sql: ANALYZE}\n")
    for recipe in ("solutions/only", "cheats/none"):
        (directory / recipe / "run").write_text("#!/bin/sh\n")
        (directory / recipe / "run").chmod(0o755)
    (directory / "cheats/none/expect.yaml").write_text("fails: [x]\nwhy: it does nothing\n")
    return directory


def test_a_scenario_gives_everything_that_a_drill_needs(tmp_path: Path) -> None:
    scenario = Scenario.load(make(tmp_path))
    assert scenario.manifest.duration == 90
    assert scenario.page("1") == scenario.page("look") == "# Look\n"
    assert scenario.brief() == "# Brief\n"
    assert [hint.cost for hint in scenario.hints_for("look")] == [1, 3, 6]
    assert [flaw.id for flaw in scenario.variant(1).flaws] == ["ttl"]
    assert scenario.par().sql[0].sql == "ANALYZE"
    assert [recipe.name for recipe in scenario.solutions()] == ["only"]
    assert scenario.cheats()[0].expectation().named == ("x",)
    assert scenario.workspace is None


def test_scenarios_are_found_by_folder_and_an_unknown_one_names_those_there_are(tmp_path: Path) -> None:
    make(tmp_path)
    assert [scenario.slug for scenario in find_scenarios(tmp_path)] == ["tiny"]
    assert find_scenario("tiny", tmp_path).slug == "tiny"
    with pytest.raises(UserError) as caught:
        find_scenario("other", tmp_path)
    assert "tiny" in caught.value.next_step


def test_an_unknown_task_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        Scenario.load(make(tmp_path)).page("9")
    assert "1 look" in caught.value.next_step


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("duration: 1 h 30 min", "duration: soon", 5),
        ("format_version: 1", "format_version: 2", 2),
        ("    self_assessed: nothing to measure yet\n", "", 8),
        ("budget: {processes: 8", "budget: {processes: none", 15),
    ],
)
def test_a_broken_manifest_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int) -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario.load(make(tmp_path, MANIFEST.replace(old, new)))
    assert caught.value.problems[0].line == line


def test_a_missing_page_is_found_at_loading(tmp_path: Path) -> None:
    directory = make(tmp_path)
    (directory / "tasks/1-look.md").unlink()
    with pytest.raises(ScenarioError, match=r"1-look\.md is missing"):
        Scenario.load(directory)


def test_a_recipe_that_cannot_run_is_refused(tmp_path: Path) -> None:
    scenario = Scenario.load(make(tmp_path))
    (scenario.directory / "cheats/none/run").chmod(0o644)
    with pytest.raises(ScenarioError, match="chmod"):
        scenario.cheats()


def test_hints_need_three_tiers_in_order(tmp_path: Path) -> None:
    directory = make(tmp_path)
    (directory / "hints.yaml").write_text("look:\n  - {tier: 1, cost: 1, text: a}\n")
    with pytest.raises(ScenarioError, match="tiers 1, 2 and 3"):
        Scenario.load(directory).hints  # noqa: B018 - reading it is what fails
