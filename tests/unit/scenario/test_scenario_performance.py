"""The content of performance-optimization holds together; whether it works is proven in tests/certify."""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from drillyard.assess.discovery import load_checks
from drillyard.assess.invariants import invariants
from drillyard.assess.page_judges import BESIDE_KEPT_S
from drillyard.range.addresses import STANDARD_PORTS, Addresses
from drillyard.range.credentials import Credentials
from drillyard.range.workspace import write_files
from drillyard.scenario import Changes, Flaw, Scenario, find_scenario
from drillyard.scenario.changes import SetConf, SetQuery, SetToml
from drillyard.scenario.edits import apply_edits
from storefront.queries import load as load_queries
from storefront.settings import load as load_settings

SCENARIO: Scenario = find_scenario("performance-optimization")
FLAWS: tuple[Flaw, ...] = SCENARIO.flaws
FAMILIES = SCENARIO.manifest.variants.per_family
READINGS = Path("docs/readings.md")


def planted(flaw: Flaw) -> Changes:
    return SCENARIO.variant(f"only:{flaw.id}").plan()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("fresh")
    overlays = [SCENARIO.workspace] if SCENARIO.workspace else []
    write_files(directory, Addresses("127.9.8.6", STANDARD_PORTS), Credentials("a", "b", "c"), overlays)
    return directory


@pytest.fixture
def workspace(fresh: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fresh, tmp_path / "workspace"))


def targets(changes: Changes) -> set[tuple[str, str]]:
    """What edits set, as (file, key)."""
    found = set()
    for edit in changes.edits:
        match edit:
            case SetToml() | SetConf():
                found.add((edit.file, edit.key))
            case SetQuery():
                found.add((edit.file, edit.name))
            case _:
                found.add((edit.file, ""))
    return found


def test_there_are_enough_flaws_of_every_family() -> None:
    families = Counter(flaw.family for flaw in FLAWS)
    assert len(FLAWS) >= 14
    assert all(families[family] >= 2 for family in FAMILIES)
    assert len({flaw.id for flaw in FLAWS}) == len(FLAWS)
    assert {other for flaw in FLAWS for other in flaw.excludes} <= {flaw.id for flaw in FLAWS}


@pytest.mark.parametrize("seed", range(1, 31))
def test_every_variant_plants_at_least_eight_flaws_some_of_each_family(seed: int) -> None:
    flaws = SCENARIO.variant(seed).flaws
    assert len(flaws) >= 8
    assert {flaw.family for flaw in flaws} == set(FAMILIES)


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.id)
def test_the_shop_accepts_a_workspace_with_the_flaw(flaw: Flaw, workspace: Path) -> None:
    before = {path: path.read_text() for path in workspace.rglob("*") if path.is_file()}
    changes = planted(flaw)
    touched = apply_edits(changes, workspace)
    assert touched or changes.sql
    assert all(before.get(path) != path.read_text() for path in touched)
    load_settings(workspace / "storefront/storefront.toml")
    load_queries(workspace / "storefront/sql")


@pytest.mark.parametrize("recipe", SCENARIO.solutions(), ids=lambda recipe: recipe.name)
def test_a_solution_sets_everything_that_any_flaw_touches(recipe, workspace: Path) -> None:  # type: ignore[no-untyped-def]  # pytest's parameter
    repaired = recipe.changes()
    for flaw in FLAWS:
        assert targets(planted(flaw)) <= targets(repaired), flaw.id
        apply_edits(planted(flaw), workspace)
    apply_edits(repaired, workspace)
    settings = load_settings(workspace / "storefront/storefront.toml")
    shipped = load_queries(None)
    assert {q.name: q.text for q in load_queries(workspace / "storefront/sql").values()} == {
        name: query.text for name, query in shipped.items()
    }
    promised = SCENARIO.manifest.promises.price_stale_s
    for kind in ("product", "listing", "search", "home"):
        entry = settings.cache.kind(kind)
        assert entry.ttl_s + entry.stale_s < promised


@pytest.mark.parametrize("recipe", SCENARIO.solutions(), ids=lambda recipe: recipe.name)
def test_recommendations_are_kept_no_longer_than_their_judge_allows(recipe, workspace: Path) -> None:  # type: ignore[no-untyped-def]  # pytest's parameter
    def kept_s() -> float:
        kept = load_settings(workspace / "storefront/storefront.toml").cache.recommendations
        return kept.ttl_s + kept.stale_s

    assert kept_s() <= BESIDE_KEPT_S
    apply_edits(recipe.changes(), workspace)
    assert kept_s() <= BESIDE_KEPT_S


def test_a_solution_repairs_a_workspace_that_is_repaired_already(workspace: Path) -> None:
    apply_edits(SCENARIO.par(), workspace)
    once = {path: path.read_text() for path in workspace.rglob("*") if path.is_file()}
    apply_edits(SCENARIO.par(), workspace)
    assert {path: path.read_text() for path in workspace.rglob("*") if path.is_file()} == once


def test_every_reading_that_a_flaw_moves_is_documented() -> None:
    names = set(re.findall(r"`([a-z_.<>0-9]+)`", READINGS.read_text()))
    patterns = [re.compile(re.sub("<[a-z]+>", "[a-z_]+", name) + "(_per_request)?") for name in names]
    for flaw in FLAWS:
        assert any(pattern.fullmatch(flaw.moves) for pattern in patterns), flaw.moves


def test_tasks_checks_and_hints_belong_together() -> None:
    checks = load_checks(SCENARIO.directory)
    by_task = {task.id: set(task.checks) for task in SCENARIO.manifest.tasks}
    assert {check.id for check in checks} == set().union(*by_task.values())
    assert all(check.id in by_task[check.task] for check in checks)
    assert all(len(SCENARIO.hints_for(task)) == 3 for task in by_task)
    assert set(SCENARIO.hints.root) == set(by_task)


def test_every_cheat_names_verdicts_that_exist() -> None:
    known = {check.id for check in (*load_checks(SCENARIO.directory), *invariants(SCENARIO.manifest))}
    cheats = SCENARIO.cheats()
    assert len(cheats) >= 7
    assert len(SCENARIO.solutions()) >= 2
    for cheat in cheats:
        assert set(cheat.expectation().named) <= known, cheat.name


def test_task_pages_name_no_flaw_and_have_a_sensible_length() -> None:
    for task in SCENARIO.manifest.tasks:
        page = SCENARIO.page(task.id)
        assert 60 <= len(page.splitlines()) <= 260, task.page
        assert not [flaw.title for flaw in FLAWS if flaw.title in page]
    assert SCENARIO.brief()
    assert SCENARIO.debrief()


def test_the_document_has_the_headings_that_are_looked_for(workspace: Path) -> None:
    for document in SCENARIO.manifest.documents:
        text = (workspace / document.file).read_text()
        assert all(f"## {section}" in text for section in document.sections)
