"""The workspace's repository lets its learner commit, whoever they are."""

import subprocess
from pathlib import Path

import pytest

from drillyard.range.workspace_git import available, start_repository

pytestmark = pytest.mark.skipif(not available(), reason="git is not installed")


@pytest.mark.parametrize(
    ("own", "author"), [("", "Learner"), ("[user]\n\tname = Ada\n\temail = ada@example.test\n", "Ada")]
)
def test_a_learner_can_commit_at_once(
    own: str, author: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text(own)
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "range.toml").write_text("a = 1\n")
    assert start_repository(workspace, "As it was")
    (workspace / "range.toml").write_text("a = 2\n")
    subprocess.run(["git", "commit", "-qam", "Mine"], cwd=workspace, check=True)
    said = subprocess.run(
        ["git", "log", "--format=%an"], cwd=workspace, check=True, capture_output=True, text=True
    ).stdout
    assert said.split() == [author, "Drillyard"]
