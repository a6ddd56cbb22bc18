import os
import subprocess
from pathlib import Path

import pytest

from drillyard.base.errors import InvalidFilesError, UserError
from drillyard.range.addresses import STANDARD_PORTS, Addresses
from drillyard.range.credentials import Credentials
from drillyard.range.workspace import (
    Change,
    changed_files,
    copy_released,
    create_workspace,
    read_spec,
    released_files,
)

ADDRESSES = Addresses("127.9.8.7", STANDARD_PORTS)
CREDENTIALS = Credentials("app-password", "admin-password", "monitor-password")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return create_workspace(tmp_path / "drill", ADDRESSES, CREDENTIALS)


def test_a_new_workspace_has_every_file_of_the_contract(workspace: Path) -> None:
    expected = {
        "range.toml",
        "storefront/storefront.toml",
        "haproxy/haproxy.cfg",
        "postgres/postgresql.conf",
        "valkey/valkey.conf",
        "prometheus/prometheus.yml",
        "prometheus/rules/range.yml",
        "alertmanager/alertmanager.yml",
    }
    assert expected <= set(released_files(workspace))
    assert (workspace / "README.md").exists()
    assert any(name.startswith("storefront/sql/") for name in released_files(workspace))


def test_every_place_is_filled_and_prometheus_own_templates_stay(workspace: Path) -> None:
    assert "bind 127.9.8.7:8080" in (workspace / "haproxy/haproxy.cfg").read_text()
    assert "{{ $labels.job }}" in (workspace / "prometheus/rules/range.yml").read_text()
    settings = (workspace / "storefront/storefront.toml").read_text()
    assert "postgresql://shop_app:app-password@127.9.8.7:5432/shop" in settings
    assert "redis://127.9.8.7:6379/0" in settings
    assert "#" in settings, "the shop's own comments are kept"
    for path in released_files(workspace).values():
        assert "127.0.0.1:" not in path.read_text() or path.name == "storefront.toml"


def test_the_first_commit_needs_no_identity_and_leaves_nothing_uncommitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    made = create_workspace(tmp_path / "drill", ADDRESSES, CREDENTIALS)
    status = subprocess.run(
        ["git", "status", "--short"], cwd=made, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def test_without_git_there_is_a_workspace_without_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    made = create_workspace(tmp_path / "drill", ADDRESSES, CREDENTIALS)
    assert not (made / ".git").exists()
    assert (made / "range.toml").exists()


def test_an_overlay_replaces_adds_and_removes(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    (overlay / "haproxy").mkdir(parents=True)
    (overlay / "haproxy/haproxy.cfg").write_text("# {{http}}\n")
    (overlay / "prometheus/rules").mkdir(parents=True)
    (overlay / "prometheus/rules/range.yml").touch()
    (overlay / "results.md").write_text("# Results\n")
    made = create_workspace(tmp_path / "drill", ADDRESSES, CREDENTIALS, [overlay])
    assert (made / "haproxy/haproxy.cfg").read_text() == "# 127.9.8.7:8080\n"
    assert not (made / "prometheus/rules/range.yml").exists()
    assert (made / "results.md").exists()


def test_an_unknown_place_is_named_with_file_and_line(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "notes.md").write_text("one\n{{nowhere}}\n")
    with pytest.raises(UserError, match=r"notes\.md:2"):
        create_workspace(tmp_path / "drill", ADDRESSES, CREDENTIALS, [overlay])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["overlay"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        create_workspace(tmp_path, ADDRESSES, CREDENTIALS)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_changed_files_says_what_was_added_modified_and_removed(tmp_path: Path, workspace: Path) -> None:
    released = tmp_path / "release"
    copy_released(workspace, released)
    assert changed_files(workspace, released) == ()
    (workspace / "valkey/valkey.conf").write_text("maxmemory 1mb\n")
    (workspace / "prometheus/rules/mine.yml").write_text("groups: []\n")
    (workspace / "prometheus/rules/range.yml").unlink()
    (workspace / "notes.md").write_text("not released\n")
    (workspace / "valkey/valkey.conf~").write_text("an editor's")
    found = {change.name: change.change for change in changed_files(workspace, released)}
    assert found == {
        "valkey/valkey.conf": Change.MODIFIED,
        "prometheus/rules/mine.yml": Change.ADDED,
        "prometheus/rules/range.yml": Change.REMOVED,
    }


def test_a_link_is_refused_because_it_could_lead_anywhere(workspace: Path) -> None:
    (workspace / "valkey/valkey.conf").unlink()
    os.symlink("/etc/shadow", workspace / "valkey/valkey.conf")
    with pytest.raises(InvalidFilesError, match=r"valkey/valkey\.conf: is not a plain file"):
        released_files(workspace)


def test_the_default_allocation_is_the_model_s_own(workspace: Path) -> None:
    spec = read_spec(workspace)
    assert spec.storefront_replicas == 2
    assert dict(spec.worker_processes) == {"payments": 1, "notifications": 1, "inventory": 1, "reports": 1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[storefront]\nreplicas = 0\n",
            "range.toml:2: storefront.replicas is 0. Expected a whole number from 1",
        ),
        ("[storefront]\nreplicas = 'two'\n", "range.toml:2: storefront.replicas is 'two'"),
        (
            "\n[storefront]\n\nreplica = 2\n",
            "range.toml:4: [storefront] has no 'replica'. Expected 'replicas'",
        ),
        ("[workers]\npayments = 99\n", "range.toml:2: workers.payments is 99"),
        ("[worker]\n", "range.toml:1: nothing is called 'worker'. Expected 'workers'"),
        ("workers = 3\n", "range.toml:1: workers is not a table"),
        ("[storefront]\nreplicas = = 2\n", "range.toml:2: not readable as TOML"),
    ],
)
def test_a_wrong_allocation_is_told_with_its_line(workspace: Path, text: str, problem: str) -> None:
    (workspace / "range.toml").write_text(text)
    with pytest.raises(InvalidFilesError) as refused:
        read_spec(workspace)
    assert problem in str(refused.value)
