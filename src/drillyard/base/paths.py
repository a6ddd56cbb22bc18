"""Where Drillyard keeps things on this machine.

`home()` holds the drills, `cache()` what can be made again (unpacked parts, data templates).
As root both lie under /var, because the unprivileged service account must be able to reach its own
directories in them and root's home directory is closed to it; otherwise the XDG base directories are used
(https://specifications.freedesktop.org/basedir-spec/latest/). DRILLYARD_HOME and DRILLYARD_CACHE override.
"""

import os
from pathlib import Path


def is_root() -> bool:
    """Whether this process may change to another account."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _directory(variable: str, as_root: str, xdg_variable: str, xdg_default: str) -> Path:
    if chosen := os.environ.get(variable):
        return Path(chosen).expanduser().absolute()
    if is_root():
        return Path(as_root)
    base = os.environ.get(xdg_variable)
    return (Path(base) if base else Path.home() / xdg_default) / "drillyard"


def home() -> Path:
    """The directory of everything that must survive: one folder a drill."""
    return _directory("DRILLYARD_HOME", "/var/lib/drillyard", "XDG_DATA_HOME", ".local/share")


def cache() -> Path:
    """The directory of what can be made again: parts and data templates."""
    return _directory("DRILLYARD_CACHE", "/var/cache/drillyard", "XDG_CACHE_HOME", ".cache")


def content() -> Path:
    """The directory that holds `scenarios/` and `curriculum/`: in the wheel, or in a source checkout."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "_content"
    return shipped if shipped.is_dir() else package.parent.parent


def packs() -> Path:
    """Where this user's packs of scenarios lie, one folder each."""
    return home() / "packs"


def scenario_roots() -> list[Path]:
    """Every directory that holds scenarios: the shipped ones first, then those of packs."""
    added = sorted(entry for entry in packs().iterdir() if entry.is_dir()) if packs().is_dir() else []
    return [content() / "scenarios", *added]
