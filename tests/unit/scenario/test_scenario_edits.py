from pathlib import Path

import pytest

from drillyard.scenario.changes import (
    Changes,
    ReplaceText,
    SetConf,
    SetLine,
    SetQuery,
    SetToml,
    WriteFile,
)
from drillyard.scenario.edits import apply_edits
from drillyard.scenario.errors import ScenarioError


def test_a_toml_value_changes_and_comments_stay(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("# why\n[cache]\n# fresh for\nttl = 30  # seconds\n")
    edits = (
        SetToml(file="shop.toml", key="cache.ttl", value=2),
        SetToml(file="shop.toml", key="cache.product.key", value="p:{id}"),
    )
    assert apply_edits(Changes(edits=edits), tmp_path) == [file]
    text = file.read_text()
    assert "# why" in text
    assert "ttl = 2  # seconds" in text
    assert 'key = "p:{id}"' in text


def test_none_removes_a_toml_key(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("a = 1\nb = 2\n")
    apply_edits(Changes(edits=(SetToml(file="shop.toml", key="a", value=None),)), tmp_path)
    assert file.read_text() == "b = 2\n"


def test_a_postgresql_directive_is_replaced_where_it_counts(tmp_path: Path) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text("#work_mem = 1MB\nwork_mem = 8MB # each sort\nwork_mem_x = 1\n")
    apply_edits(Changes(edits=(SetConf(file="postgresql.conf", key="work_mem", value="64kB"),)), tmp_path)
    assert file.read_text() == "#work_mem = 1MB\nwork_mem = 64kB  # each sort\nwork_mem_x = 1\n"


def test_an_absent_directive_is_added_in_the_files_own_form(tmp_path: Path) -> None:
    (tmp_path / "valkey.conf").write_text("appendonly yes\n")
    apply_edits(Changes(edits=(SetConf(file="valkey.conf", key="maxmemory", value="4mb"),)), tmp_path)
    assert (tmp_path / "valkey.conf").read_text() == "appendonly yes\nmaxmemory 4mb\n"


def test_a_text_that_is_not_there_is_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1")
    with pytest.raises(ScenarioError, match="SELECT 2"):
        apply_edits(Changes(edits=(ReplaceText(file="a.sql", old="SELECT 2", new=""),)), tmp_path)


def test_the_one_line_that_matches_is_replaced_and_others_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text("defaults\n    no option redispatch\n    retries 3\n")
    line = SetLine(file="haproxy.cfg", match=" *(no )?option redispatch.*", line="    option redispatch 1")
    for _ in range(2):
        apply_edits(Changes(edits=(line,)), tmp_path)
        assert file.read_text() == "defaults\n    option redispatch 1\n    retries 3\n"
    for match in (" *timeout .*", " .*"):
        with pytest.raises(ScenarioError, match="one has to be"):
            apply_edits(Changes(edits=(SetLine(file="haproxy.cfg", match=match, line=""),)), tmp_path)


def test_no_edit_leaves_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    with pytest.raises(ScenarioError, match="outside"):
        apply_edits(Changes(edits=(WriteFile(file="../x", content=""),)), tmp_path / "w")
    assert not (tmp_path / "x").exists()


QUERIES = "-- Top.\n\n-- name: one(a)^\n-- Why.\nSELECT 1;\n\n-- name: one_more()\nSELECT 2;\n"


def _query(tmp_path: Path, name: str, text: str) -> str:
    (tmp_path / "q.sql").write_text(QUERIES)
    apply_edits(Changes(edits=(SetQuery(file="q.sql", name=name, text=text),)), tmp_path)
    return (tmp_path / "q.sql").read_text()


def test_one_query_of_a_file_is_replaced_and_its_neighbours_stay(tmp_path: Path) -> None:
    changed = _query(tmp_path, "one", "-- name: one(a)^\nSELECT 9;\n")
    assert changed == "-- Top.\n\n-- name: one(a)^\nSELECT 9;\n\n-- name: one_more()\nSELECT 2;\n"


def test_a_query_without_text_is_removed(tmp_path: Path) -> None:
    assert _query(tmp_path, "one_more", "") == QUERIES.partition("-- name: one_more")[0].rstrip() + "\n"


def test_a_query_that_is_not_there_is_added(tmp_path: Path) -> None:
    assert _query(tmp_path, "new", "-- name: new()\nSELECT 3;") == QUERIES + "\n-- name: new()\nSELECT 3;\n"
