"""The file of a matrix: a row is in it once it was played, and need not be played again by the same code."""

import hashlib
import json
import threading
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from drillyard.author.certify import Certificate, Settings
from drillyard.author.output import as_json
from drillyard.author.rows import Case, Kind, Played, Proof
from drillyard.base.errors import UserError
from drillyard.scenario.scenario import Scenario

_JUDGING = ("base", "range", "measure", "traffic", "scenario", "assess", "drill")
"""The rooms that a row depends on, beside the scenario and the shop."""


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


def digest_of(scenario: Path, settings: Settings) -> str:
    """Of everything that a row depends on: the scenario, the shop, what measures and judges, and how."""
    packages = Path(__file__).parents[2]
    digest = hashlib.sha256(f"{settings.how} {settings.scale}".encode())
    for root in (scenario, *(packages / "drillyard" / room for room in _JUDGING), packages / "storefront"):
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


class Results:
    """What was played of one scenario, kept in `file` (None: nowhere). Rows may be kept from any thread.

    Raises:
        UserError: `resume`, and the file cannot be read or is of another code; it is left as it is.
    """

    def __init__(self, scenario: Scenario, settings: Settings, file: Path | None, *, resume: bool) -> None:
        self._scenario = scenario.slug
        self._code = digest_of(scenario.directory, settings)
        self._file = file
        self._lock = threading.Lock()
        self._rows = self._read(file) if resume and file and file.exists() else {}

    def proven(self) -> dict[str, Played]:
        """The rows that need not be played again, by their keys."""
        return {key: each for key, each in self._rows.items() if each.proof is Proof.PROVEN}

    def keep(self, played: Played) -> None:
        """One row more, in the file at once.

        Raises:
            OSError: the file cannot be written.
        """
        with self._lock:
            self._rows[played.case.key] = played
            if self._file is None:
                return
            partial = self._file.with_name(self._file.name + ".part")
            whole = Certificate(self._scenario, tuple(self._rows.values()), self._code)
            partial.write_text(as_json(whole), encoding="utf-8")
            partial.rename(self._file)

    def _read(self, file: Path) -> dict[str, Played]:
        try:
            found = _FILE.validate_python(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, ValidationError) as error:
            raise UserError(
                "Earlier results cannot be read",
                where=str(file),
                next_step="Name another file, or delete it.",
            ) from error
        if found["code"] != self._code:
            raise UserError(
                "These results are of another state of the scenario or of Drillyard, or of another --how",
                where=str(file),
                next_step="Name another file; or leave --resume out, and it is written anew.",
            )
        return {each.case.key: each for each in map(_played, found["played"])}


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
