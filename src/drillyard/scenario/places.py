"""Where scenarios lie: those that ship, and those of packs that this user added."""

from pathlib import Path

from drillyard.base.paths import content, home


def shipped_home() -> Path:
    """The directory of the shipped scenarios."""
    return content() / "scenarios"


def packs_home() -> Path:
    """The directory of this user's packs, one folder each."""
    return home() / "packs"


def roots() -> list[Path]:
    """Every directory that holds scenarios, the shipped ones first."""
    packs = packs_home()
    added = sorted(entry for entry in packs.iterdir() if entry.is_dir()) if packs.is_dir() else []
    return [shipped_home(), *added]
