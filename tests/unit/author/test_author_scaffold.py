"""The scenario that an author begins with, and the schema beside it."""

import json
import os
from pathlib import Path

import pytest

from drillyard.author.lint import lint
from drillyard.author.scaffolding import new_scenario
from drillyard.author.schema import FILE, schema_text
from drillyard.base.errors import UserError
from drillyard.base.paths import content
from drillyard.cli.commands import BY_NAME
from drillyard.scenario.scenario import Scenario


def test_a_new_scenario_loads_and_has_no_fault(tmp_path: Path) -> None:
    scenario = Scenario.load(new_scenario("slow-pages", tmp_path, 'Pages "hang"'))
    assert scenario.manifest.title == "Pages 'hang'"
    assert "Pages 'hang'" in scenario.brief()
    assert [f.problem for f in lint(scenario.directory, frozenset(BY_NAME)) if not f.note] == []
    assert (len(scenario.flaws), len(scenario.solutions()), len(scenario.cheats())) == (1, 1, 1)
    assert all(os.access(recipe.run, os.X_OK) for recipe in (*scenario.solutions(), *scenario.cheats()))
    assert json.loads((tmp_path / FILE).read_text())["properties"]["duration"]["type"] == "string"


@pytest.mark.parametrize("name", ["Slow Pages", "../up", "", "a/b", "x" * 100])
def test_what_is_no_name_is_refused_with_one_that_is(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="no name for a scenario"):
        new_scenario(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(UserError, match="already"):
        new_scenario("mine", tmp_path)
    assert list((tmp_path / "mine").iterdir()) == []


def test_the_shipped_schema_is_that_of_the_code() -> None:
    assert (content() / "scenarios" / FILE).read_text() == schema_text()
