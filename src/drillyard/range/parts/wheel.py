"""Programs that come inside a Python wheel, and programs that are in PATH already."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from drillyard.range.parts.part import Origin, Part, Progress

_VERSION = re.compile(r"\d+(?:\.\d+)+")


def package_directory(package: str) -> Path | None:
    """Where an installed package lies, without importing it; None when it is not installed."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def wheel_name(distribution: str) -> str:
    """`distribution` with its version, for people."""
    try:
        return f"wheel {distribution} {version(distribution)}"
    except PackageNotFoundError:
        return f"wheel {distribution}"


def identity(path: Path) -> str:
    """Changes when the file does."""
    status = path.stat()
    return f"{path}:{status.st_size}:{status.st_mtime_ns}"


def ask_version(argv: tuple[str, ...], env: dict[str, str] | None = None) -> str:
    """The first version number in what a program prints about itself; empty when it cannot be run."""
    try:
        answer = subprocess.run(argv, capture_output=True, text=True, env=env, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = _VERSION.search(answer.stdout + answer.stderr)
    return found.group() if found else ""


def at_least(found: str, wanted: tuple[int, ...]) -> bool:
    """Whether the version `found` (`2.8.25`) is `wanted` or newer."""
    return tuple(int(number) for number in found.split(".") if number.isdigit()) >= wanted


def in_path(part: str, programs: tuple[str, ...], oldest: tuple[int, ...], argument: str) -> Origin | None:
    """A program in PATH that is new enough; `argument` makes it print its version."""
    for program in programs:
        if not (found := shutil.which(program)):
            continue
        path = Path(found).resolve()
        number = ask_version((str(path), argument))
        if at_least(number, oldest):
            return Origin(identity(path), _left_where_it_is(Part(part, path, number, "PATH")))
    return None


def _left_where_it_is(part: Part) -> Callable[[Path, Progress], Part]:
    def take(_destination: Path, _progress: Progress) -> Part:
        return part

    return take
