"""Measurements on disk: window by window as they are made, so that an interrupted one can be gone on with.

    measurements/<id>/head.json                   what was measured, when, with which limits
    measurements/<id>/findings.json               readings of probes and audits, sustained throughput
    measurements/<id>/windows/<round>-<subject>/  window.json, and the traffic's result.json and latencies.npz

A window counts as done once its window.json is there: it is written last, and renamed into place.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from drillyard.assess.measurement import Capacity, LoadWindow, Measurement
from drillyard.base.errors import UserError
from drillyard.measure.reading import Gap, Reading, Window
from drillyard.traffic.result import TrafficResult

FORMAT_VERSION = 1


@dataclass(frozen=True)
class _Head:
    id: str
    scenario: str
    variant: str
    kind: str
    started: float
    ended: float
    limits: dict[str, float]
    workspace: str
    label: str
    complete: bool
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True)
class _Findings:
    readings: dict[str, dict[str, Reading]] = field(default_factory=dict)
    gaps: dict[str, tuple[Gap, ...]] = field(default_factory=dict)
    capacities: dict[str, Capacity] = field(default_factory=dict)


@dataclass(frozen=True)
class _WindowRecord:
    subject: str
    round: int
    window: Window
    readings: dict[str, Reading]
    gaps: tuple[Gap, ...]
    troubles: tuple[str, ...]


_HEAD = TypeAdapter(_Head)
_FINDINGS = TypeAdapter(_Findings)
_WINDOW = TypeAdapter(_WindowRecord)


class Keeper:
    """Writes one measurement as it is made. `directory` is the measurement's own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "windows").mkdir(parents=True, exist_ok=True)

    def window_directory(self, round_number: int, subject: str) -> Path:
        """Where one window's files lie."""
        return self.directory / "windows" / f"{round_number:03d}-{subject}"

    def keep_window(self, window: LoadWindow) -> None:
        """Keep a window that is done."""
        place = self.window_directory(window.round, window.subject)
        window.traffic.save(place)
        record = _WindowRecord(
            window.subject, window.round, window.window, dict(window.readings), window.gaps, window.troubles
        )
        _write(place / "window.json", asdict(record))

    def keep_head(self, measurement: Measurement) -> None:
        """Keep everything but the windows."""
        _write(
            self.directory / "findings.json",
            asdict(
                _Findings(
                    {name: dict(found) for name, found in measurement.findings.items()},
                    dict(measurement.finding_gaps),
                    dict(measurement.capacities),
                )
            ),
        )
        head = _Head(**{name: getattr(measurement, name) for name in _HEAD_FIELDS})
        _write(self.directory / "head.json", asdict(replace(head, limits=dict(head.limits))))

    def windows(self) -> tuple[LoadWindow, ...]:
        """The windows that are done, in the order of rounds."""
        found = (
            _read_window(place)
            for place in sorted((self.directory / "windows").glob("*-*"))
            if (place / "window.json").is_file()
        )
        return tuple(sorted(found, key=lambda window: window.window.start))


_HEAD_FIELDS = (
    "id", "scenario", "variant", "kind", "started", "ended", "limits", "workspace", "label", "complete",
)  # fmt: skip


def load(directory: Path) -> Measurement:
    """A kept measurement.

    Raises:
        UserError: there is none, it is damaged, or a newer Drillyard wrote it.
    """
    try:
        head = _HEAD.validate_python(_read(directory / "head.json"))
        findings = _FINDINGS.validate_python(_read(directory / "findings.json"))
    except FileNotFoundError as error:
        raise UserError(
            f"There is no measurement {directory.name!r}",
            where=str(directory),
            next_step="`drill measure --list` shows those that are kept.",
        ) from error
    except (ValidationError, ValueError) as error:
        raise _damaged(directory, error) from error
    return Measurement(
        **{name: getattr(head, name) for name in _HEAD_FIELDS},
        windows=Keeper(directory).windows(),
        findings=findings.readings,
        finding_gaps=findings.gaps,
        capacities=findings.capacities,
    )


def kept(measurements: Path) -> list[str]:
    """The ids of the measurements in a directory, oldest first."""
    heads = sorted(measurements.glob("*/head.json"), key=lambda path: path.stat().st_mtime)
    return [path.parent.name for path in heads]


def _read_window(place: Path) -> LoadWindow:
    try:
        record = _WINDOW.validate_python(_read(place / "window.json"))
    except (ValidationError, ValueError) as error:
        raise _damaged(place, error) from error
    return LoadWindow(
        record.subject,
        record.round,
        record.window,
        TrafficResult.load(place),
        record.readings,
        record.gaps,
        record.troubles,
    )


def _damaged(place: Path, error: Exception) -> UserError:
    return UserError(
        f"The measurement {place.name!r} cannot be read: {error}",
        where=str(place),
        next_step="Measure again; the other measurements are not touched.",
    )


def _read(path: Path) -> object:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, value: Mapping[str, object]) -> None:
    partial = path.with_suffix(".part")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
