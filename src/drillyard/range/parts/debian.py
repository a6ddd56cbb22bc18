"""A package of the distribution, unpacked privately: nothing is installed, and no root is needed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from drillyard.base.errors import MissingPartError
from drillyard.range.parts.part import Progress

_TIMEOUT_S = 180


def available() -> bool:
    """Whether this is a system with apt and dpkg."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg"))


def unpack(package: str, destination: Path, progress: Progress) -> None:
    """Download `package` and unpack it into `destination`; with the machine's package lists, else own ones.

    Raises:
        MissingPartError: it cannot be downloaded; says what apt said.
    """
    with tempfile.TemporaryDirectory(prefix="apt-", dir=destination.parent) as scratch:
        work = Path(scratch)
        progress(f"downloading the package {package}")
        said = _apt(work, "download", package)
        if said:
            progress("fetching package lists")
            private = _private_lists(work)
            said = _apt(work, *private, "update") or _apt(work, *private, "download", package)
        archives = sorted(work.glob("*.deb"))
        if not archives:
            raise MissingPartError(f"The package {package} could not be downloaded", where=said[-300:])
        progress(f"unpacking {package}")
        subprocess.run(
            ["dpkg", "-x", str(archives[0]), str(destination)], check=True, capture_output=True, timeout=120
        )


def _private_lists(work: Path) -> tuple[str, ...]:
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    options = {
        "Dir::State": work / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": work / "cache",
    }
    return tuple(word for key, value in options.items() for word in ("-o", f"{key}={value}"))


def _apt(work: Path, *arguments: str) -> str:
    """What apt-get said when it failed; empty when it went well. It keeps its own proxy settings."""
    try:
        answer = subprocess.run(
            ["apt-get", "-q", "-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=2", *arguments],
            cwd=work,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"apt-get took longer than {_TIMEOUT_S} s"
    return (answer.stderr.strip() or f"exit {answer.returncode}") if answer.returncode else ""
