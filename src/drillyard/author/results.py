"""The file of a matrix: a row is in it once it was played, and need not be played again by the same code."""

import hashlib
import json
import threading
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from drillyard.author.certify import Certificate, Settings
from drillyard.author.output import as_json
from drillyard.author.rows import Case, Kind, Played, Proof
from drillyard.base.errors import UserError
from drillyard.scenario.scenario import Scenario

_JUDGING = ("base", "range", "measure", "traffic", "faults", "scenario", "assess", "drill", "chaos")
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


class _Certificate(TypedDict):
    scenario: str
    code: str
    played: list[_Row]


class _File(TypedDict):
    format_version: Literal[1]
    scenarios: list[_Certificate]


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
    """What was played, kept in `file` (None: nowhere). Rows may be kept from any thread.

    Raises:
        UserError: `resume`, and the file cannot be read; it is left as it is.
    """

    def __init__(self, settings: Settings, file: Path | None, *, resume: bool) -> None:
        self._settings = settings
        self._file = file
        self._lock = threading.Lock()
        self._code: dict[str, str] = {}
        self._rows: dict[str, dict[str, Played]] = {}
        if resume and file and file.exists():
            self._read(file)

    def proven(self, scenario: Scenario) -> dict[str, Played]:
        """The rows of a scenario that need not be played again, by their keys.

        Raises:
            UserError: the file's are of another code; it is left as it is.
        """
        code = digest_of(scenario.directory, self._settings)
        if self._code.setdefault(scenario.slug, code) != code:
            raise UserError(
                f"The results of {scenario.slug} are of another state of it or of Drillyard, or of --how",
                where=str(self._file),
                next_step="Name another file; or leave --resume out, and it is written anew.",
            )
        rows = self._rows.setdefault(scenario.slug, {})
        return {key: each for key, each in rows.items() if each.proof is Proof.PROVEN}

    def keep(self, scenario: Scenario, played: Played) -> None:
        """One row more, in the file at once.

        Raises:
            OSError: the file cannot be written.
        """
        with self._lock:
            self._rows[scenario.slug][played.case.key] = played
            if self._file is None:
                return
            partial = self._file.with_name(self._file.name + ".part")
            partial.write_text(as_json(self.certificates()), encoding="utf-8")
            partial.rename(self._file)

    def certificates(self) -> list[Certificate]:
        """All that is kept, one a scenario."""
        return [
            Certificate(slug, tuple(rows.values()), self._code[slug]) for slug, rows in self._rows.items()
        ]

    def _read(self, file: Path) -> None:
        try:
            found = _FILE.validate_python(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, ValidationError) as error:
            raise UserError(
                "Earlier results cannot be read",
                where=str(file),
                next_step="Name another file, or delete it.",
            ) from error
        for each in found["scenarios"]:
            self._code[each["scenario"]] = each["code"]
            self._rows[each["scenario"]] = {row.case.key: row for row in map(_played, each["played"])}


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
