"""A learner's chaos experiments: their files and journals, beside what the drill itself saw of them.

Files and journals lie in the workspace, where anybody can write what they like. What the drill saw does not:
its timeline knows every fault that was on, and it keeps every look at readings that it answered. A journal is
believed as far as these agree with it (`assess/journals.py`).

    experiments/<name>.yaml                 an experiment, in Chaos Toolkit's format
    experiments/journals/<name>-<n>.json    the journal of one run of it
"""

import io
import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

DIRECTORY = "experiments"
JOURNALS = "journals"
READINGS = ".readings.json"
"""How files end that lie beside a journal and are none."""
MOST_FILES = 200
MAX_BYTES = 4_000_000
"""Of a journal; an experiment has at most a tenth."""
ACTIONS, PROBES = "drillyard.chaos.actions", "drillyard.chaos.probes"
ENDING = "end_faults"

Content = Mapping[str, Any]
_READS = {
    "success_ratio": "requests.success_ratio",
    "p95_ms": "latency.p95",
    "orders_per_minute": "business.orders",
}


@dataclass(frozen=True)
class Injected:
    """A fault that was on, as the drill knows. Times are seconds since the epoch; `ended` is None while it is
    on, `why` says why it ended.
    """

    number: int
    kind: str
    parameters: Mapping[str, Any]
    duration_s: float
    began: float
    ended: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Observed:
    """One look at the range that the drill answered: readings by name over `began` to `ended`."""

    began: float
    ended: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class Activity:
    """One action or probe of a run, as the journal has it."""

    kind: str
    name: str
    module: str
    func: str
    arguments: Content
    status: str
    output: Any
    began: float
    ended: float
    tolerance: Any = None
    met: bool | None = None

    @property
    def number(self) -> float | None:
        """What it gave, where that is a number."""
        return finite(self.output)

    @property
    def fault(self) -> str:
        """The kind of fault that it puts in, as an action's name says it; empty when it is none of ours."""
        ours = self.kind == "action" and self.module == ACTIONS and self.func != ENDING
        return self.func if ours else ""


@dataclass(frozen=True)
class Run:
    """One run of an experiment. `before` and `after` are the looks at its hypothesis."""

    name: str
    experiment: Content
    status: str
    deviated: bool
    began: float
    ended: float
    before: tuple[Activity, ...] = ()
    method: tuple[Activity, ...] = ()
    after: tuple[Activity, ...] = ()
    held_after: bool = False

    @property
    def held(self) -> bool | None:
        """Whether its hypothesis held afterwards; None where that was not asked any more."""
        if self.status != "completed" or not self.after:
            return None
        return self.held_after

    def of(self, files: Collection[str]) -> str:
        """The name of the experiment: the run's own, or without its number."""
        stem, _, number = self.name.rpartition("-")
        return stem if number.isdecimal() and self.name not in files else self.name


@dataclass(frozen=True)
class Experiments:
    """All that is known. `unreadable` says by file why it could not be read."""

    files: Mapping[str, Content] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    injected: tuple[Injected, ...] = ()
    observed: tuple[Observed, ...] = ()


def read_experiments(
    workspace: Path, injected: Sequence[Injected] = (), observed: Sequence[Observed] = ()
) -> Experiments:
    """What lies in the workspace, beside what the drill saw."""
    directory = workspace / DIRECTORY
    files: dict[str, Content] = {}
    runs: list[Run] = []
    unreadable: dict[str, str] = {}
    for path in _files(directory, (".yaml", ".yml", ".json")):
        try:
            files[path.stem] = _mapping(_text(path, MAX_BYTES // 10), path.suffix)
        except ValueError as error:
            unreadable[f"{DIRECTORY}/{path.name}"] = str(error)
    for path in _files(directory / JOURNALS, (".json",)):
        if path.name.endswith(READINGS):
            continue
        try:
            runs.append(run_of(path.stem, _mapping(_text(path, MAX_BYTES), ".json")))
        except ValueError as error:
            unreadable[f"{DIRECTORY}/{JOURNALS}/{path.name}"] = str(error)
    runs.sort(key=lambda run: run.began)
    return Experiments(files, tuple(runs), unreadable, tuple(injected), tuple(observed))


def _files(directory: Path, endings: tuple[str, ...]) -> list[Path]:
    """Plain files of these kinds, no links, at most `MOST_FILES`."""
    if directory.is_symlink() or not directory.is_dir():
        return []
    there = sorted(path for path in directory.iterdir() if path.suffix in endings)
    return [path for path in there if path.is_file() and not path.is_symlink()][:MOST_FILES]


def _text(path: Path, most: int) -> str:
    try:
        if path.stat().st_size > most:
            raise ValueError(f"it is larger than {most} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"it cannot be read: {error}") from error


def _mapping(text: str, ending: str) -> Content:
    try:
        found = json.loads(text) if ending == ".json" else YAML(typ="safe", pure=True).load(io.StringIO(text))
    except (YAMLError, ValueError) as error:
        raise ValueError(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("it is no mapping")  # noqa: TRY004 - of what somebody wrote, not of ours
    return found


def run_of(name: str, journal: Content) -> Run:
    """A run, of its journal.

    Raises:
        ValueError: it is no journal; says what is missing.
    """
    try:
        states = _mapped(journal["steady_states"])
        before, after = (_mapped(states.get(each) or {}) for each in ("before", "after"))
        return Run(
            name=name,
            experiment=_mapped(journal["experiment"]),
            status=str(journal["status"]),
            deviated=journal["deviated"] is True,
            began=_instant(journal["start"]),
            ended=_instant(journal["end"]),
            before=tuple(_listed(before.get("probes") or [])),
            method=tuple(_listed(journal["run"])),
            after=tuple(_listed(after.get("probes") or [])),
            held_after=after.get("steady_state_met") is True,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is no journal of Chaos Toolkit: {error}") from error


def _listed(entries: object) -> Iterator[Activity]:
    if not isinstance(entries, list):
        raise TypeError("activities are a list")
    for entry in map(_mapped, entries):
        activity = _mapped(entry["activity"])
        provider = _mapped(activity.get("provider") or {})
        met = entry.get("tolerance_met")
        yield Activity(
            kind=str(activity.get("type", "")),
            name=str(activity.get("name", "")),
            module=str(provider.get("module", "")),
            func=str(provider.get("func", "")),
            arguments=_mapped(provider.get("arguments") or {}),
            status=str(entry.get("status", "")),
            output=entry.get("output"),
            began=_instant(entry["start"]),
            ended=_instant(entry.get("end") or entry["start"]),
            tolerance=activity.get("tolerance"),
            met=met if isinstance(met, bool) else None,
        )


def _mapped(value: object) -> Content:
    if not isinstance(value, dict):
        raise TypeError(f"a mapping is expected, not {type(value).__name__}")
    return value


def finite(value: object) -> float | None:
    """A number that is one; None for anything else (a truth value, text, infinity, one beyond floats)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def reading_of(func: str, arguments: Content) -> str:
    """The reading that a probe of ours looks at; empty for one that looks at several, or gives no reading."""
    match func:
        case "reading":
            return str(arguments.get("name") or "")
        case "queue_age_s":
            queue = arguments.get("queue")
            return f"queue.oldest.{queue}" if queue else "queue.oldest_max"
        case _:
            return _READS.get(func, "")


def _instant(text: object) -> float:
    """Seconds since the epoch; the toolkit writes UTC, with or without saying so."""
    moment = datetime.fromisoformat(str(text))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
