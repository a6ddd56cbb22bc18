"""Rows that the same code played before: a matrix of hours is not begun anew for one row in doubt."""

import hashlib
import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from drillyard.author.rows import Case, Kind, Played, Proof
from drillyard.base.errors import UserError

_SOURCES = (".py", ".sql", ".toml", ".yaml", ".conf", ".cfg", ".md", "")
"""Endings of files that can change what comes of a row."""


class _Row(TypedDict):
    row: str
    variant: str
    repeat: int
    proof: Proof
    outcome: str
    why: str
    failing: list[str]
    doubtful: list[str]
    seconds: float


class _File(TypedDict):
    scenario: str
    code: str
    played: list[_Row]


_FILE = TypeAdapter(_File)


def digest_of(scenario: Path) -> str:
    """Of everything that a row depends on: the scenario, Drillyard and the shop."""
    packages = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for root in (scenario, packages / "drillyard", packages / "storefront"):
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix in _SOURCES and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def earlier(file: Path, scenario: Path) -> dict[str, Played]:
    """The rows of a file that `--json` wrote which were proven by the code as it is now, by their keys.

    A file that is not there has none.

    Raises:
        UserError: the file cannot be read, or is no such file.
    """
    if not file.exists():
        return {}
    try:
        found = _FILE.validate_python(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise UserError(
            "Earlier results cannot be read", where=str(file), next_step="Name another file, or delete it."
        ) from error
    if found["code"] != digest_of(scenario):
        return {}
    played = (_played(row) for row in found["played"] if row["proof"] is Proof.PROVEN)
    return {each.case.key: each for each in played}


def _played(row: _Row) -> Played:
    kind, _, name = row["row"].partition(" ")
    return Played(
        Case(Kind(kind), name, row["variant"], row["repeat"]),
        row["proof"],
        row["outcome"],
        row["why"],
        row["seconds"],
        tuple(row["failing"]),
        tuple(row["doubtful"]),
    )
