"""The disasters of one drill: the one that is open, and what came of those that are over."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import TypeAdapter

from drillyard.assess.recoveries import Disastered, Recovery, from_json, to_json
from drillyard.base.errors import UserError
from drillyard.drill.aftermath import OPEN, disasters_of
from drillyard.drill.places import Places

_DISASTERED: TypeAdapter[Disastered] = TypeAdapter(Disastered)


class Disasters:
    """Kept one file each, written whole."""

    def __init__(self, places: Places) -> None:
        self._directory = disasters_of(places)

    @property
    def open(self) -> Disastered | None:
        """The one that is open.

        Raises:
            UserError: its record is damaged.
        """
        file = self._directory / OPEN
        if not file.exists():
            return None
        try:
            return _DISASTERED.validate_json(file.read_bytes())
        except ValueError as error:
            raise UserError(
                "The record of the disaster cannot be read",
                where=str(file),
                next_step="`drill reset` begins the drill anew.",
            ) from error

    def all(self) -> list[Recovery]:
        """What came of those that are over, oldest first.

        Raises:
            UserError: a record is damaged.
        """
        found = []
        for file in sorted(self._directory.glob("[0-9]*.json")):
            try:
                found.append(from_json(file.read_text(encoding="utf-8")))
            except ValueError as error:
                raise UserError(
                    "The record of a recovery cannot be read",
                    where=str(file),
                    next_step="Move that file away, or begin anew: drill reset",
                ) from error
        return found

    def lost_keys(self) -> frozenset[str]:
        """Of the orders that earlier disasters took.

        Raises:
            UserError: a record is damaged.
        """
        return frozenset(key for each in self.all() for key in each.lost_keys)

    def begin(self, disaster: Disastered) -> None:
        """It is about to strike."""
        sets = {"catalog": sorted(disaster.catalog), "missing": sorted(disaster.missing)}
        values = {**asdict(disaster), **sets}
        self._write(self._directory / OPEN, json.dumps(values, indent=1))

    def struck(self, disaster: Disastered, moment: float, detail: str) -> Disastered:
        """It has struck, wholly."""
        known = replace(disaster, struck=moment, detail=detail, happened=True)
        self.begin(known)
        return known

    def end(self, recovery: Recovery) -> None:
        """The shop is whole again, or not: it was looked at, and the disaster is over."""
        self._write(self._directory / f"{recovery.number:03}.json", to_json(recovery))
        (self._directory / OPEN).unlink(missing_ok=True)

    def forget(self) -> None:
        """All of them: the drill begins anew."""
        for file in (self._directory / OPEN, *self._directory.glob("[0-9]*.json")):
            file.unlink(missing_ok=True)

    def _write(self, file: Path, text: str) -> None:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        partial = file.with_suffix(".part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
