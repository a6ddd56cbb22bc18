"""Where the journal of a run goes, with what lies beside it, and how it is written."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drillyard.base.errors import UserError
from drillyard.chaos.toolkit_log import encoded

Journal = dict[str, Any]


@dataclass(frozen=True)
class Files:
    """The files of one run."""

    journal: Path

    @property
    def readings(self) -> Path:
        """What was read during the run."""
        return self.journal.with_suffix(".readings.json")

    @property
    def page(self) -> Path:
        """All of it, to be looked at."""
        return self.journal.with_suffix(".html")

    @property
    def taken(self) -> Path | None:
        """One of them that is there already."""
        return next((file for file in (self.journal, self.readings, self.page) if file.exists()), None)


def files_for(experiment: Path, journal: Path | None = None) -> Files:
    """Where a run of `experiment` is kept: `journal`, or the next number in `journals/` beside it. The
    directory is made.

    Raises:
        UserError: a file is there already, or the directory cannot be made.
    """
    chosen = Files(journal) if journal else _next(experiment)
    if journal and journal.suffix != ".json":
        raise UserError(
            "A journal is a .json file", where=str(journal), next_step="Readings and a page go beside it."
        )
    if chosen.taken:
        raise UserError(
            "That file is there already, and no run is overwritten",
            where=str(chosen.taken),
            next_step="Choose another --journal; without it, a number is counted up.",
        )
    try:
        chosen.journal.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The run's journal cannot be kept: {error.strerror}",
            where=str(chosen.journal.parent),
            next_step="Say where: --journal FILE.json",
        ) from error
    return chosen


def _next(experiment: Path) -> Files:
    directory, name = experiment.parent / "journals", experiment.stem
    numbered = re.compile(rf"{re.escape(name)}-(\d+)\.(?:json|readings\.json|html)")
    there = directory.iterdir() if directory.is_dir() else ()
    numbers = [int(found[1]) for file in there if (found := numbered.fullmatch(file.name))]
    return Files(directory / f"{name}-{max(numbers, default=0) + 1}.json")


def as_json(journal: Journal) -> str:
    """As the toolkit writes it."""
    return json.dumps(journal, indent=2, ensure_ascii=False, default=encoded)


def write(file: Path, text: str) -> None:
    """Write a new file.

    Raises:
        UserError: it is there already, or cannot be written.
    """
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise UserError(
            f"The run is over, and this of it cannot be written: {error.strerror}",
            where=str(file),
            next_step="--json prints the journal of a run as well.",
        ) from error
