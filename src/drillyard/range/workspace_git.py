"""The workspace as a git repository. Git is a convenience: without it a drill lacks history, nothing else."""

import os
import shutil
import subprocess
from pathlib import Path

from drillyard.base.errors import DrillyardError

_AUTHOR = ("-c", "user.name=Drillyard", "-c", "user.email=drillyard@localhost", "-c", "commit.gpgsign=false")


def available() -> bool:
    """Whether git is installed."""
    return shutil.which("git") is not None


def start_repository(workspace: Path, message: str) -> bool:
    """Make a repository with everything in the first commit; False when git is not installed.

    The learner's own identity is used for their commits; who has none gets one for this repository, so that
    `git commit` works.

    Raises:
        DrillyardError: git failed.
    """
    if not available():
        return False
    _git(workspace, "init", "--quiet", "--initial-branch=main")
    _git(workspace, "add", "--all")
    _git(workspace, *_AUTHOR, "commit", "--quiet", "--no-verify", "--message", message)
    if not _has_identity(workspace):
        _git(workspace, "config", "user.name", "Learner")
        _git(workspace, "config", "user.email", "learner@localhost")
    return True


def _has_identity(workspace: Path) -> bool:
    """Whether the learner told git who they are; asked of their own configuration."""
    asked = subprocess.run(
        ["git", "config", "--get", "user.email"],
        cwd=workspace,
        capture_output=True,
        check=False,
        timeout=30,
    )
    return asked.returncode == 0


def _git(workspace: Path, *arguments: str) -> None:
    # The user's own configuration (hooks, signing, templates) must not decide whether a drill can start.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env = {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *arguments],
        cwd=workspace,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    if done.returncode:
        raise DrillyardError(f"git {arguments[0]} failed in {workspace}: {done.stderr.strip()}")
