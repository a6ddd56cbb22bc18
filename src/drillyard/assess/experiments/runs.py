"""A learner's chaos experiments: their files and journals, beside what the drill itself saw of them.

Files and journals lie in the workspace, where anybody can write what they like. What the drill saw does not:
its timeline knows every fault that was on, and it keeps every look at readings that it answered. A journal is
believed as far as these agree with it (`assess/experiments/journals.py`).

    experiments/<name>.yaml                 an experiment, in Chaos Toolkit's format
    experiments/journals/<name>-<n>.json    the journal of one run of it
"""

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from drillyard.assess.experiments.activities import ACTIONS, ENDING
from drillyard.assess.written import TAGGED_WRONGLY

DIRECTORY = "experiments"
JOURNALS = "journals"
READINGS = ".readings.json"
"""How files end that lie beside a journal and are none."""
MOST_FILES = 200
MAX_BYTES = 4_000_000
"""Of a journal; an experiment has at most a tenth."""
MOST_VALUES = 200_000
"""In one file, with what YAML's aliases repeat."""
DEEPEST = 100

MOST_READ = 100_000
"""Characters of what a program wrote that are looked at."""
_COUNT_OF_ROWS = re.compile(r"\(\d+ rows?\)")
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,15}(?!\d)(?:\.\d{1,15})?(?![\w.]\w)")

Content = Mapping[str, Any]


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
class Rollout:
    """Changes of the workspace were put to use, or put back, from `began` to `ended`."""

    began: float
    ended: float


@dataclass(frozen=True)
class Activity:
    """One action or probe of a run, as the journal has it. `program` is what is called when it is none of
    ours, with its arguments.
    """

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
    program: str = ""

    @property
    def number(self) -> float | None:
        """What it gave, where that is a number."""
        return finite(self.output)

    @property
    def fault(self) -> str:
        """The kind of fault that it puts in, as an action's name says it; empty when it is none of ours."""
        ours = self.kind == "action" and self.module == ACTIONS and self.func != ENDING
        return self.func if ours else ""

    @property
    def said(self) -> tuple[float, ...]:
        """The numbers that it gave: itself, the values of a mapping, or what its program wrote, without the
        count of rows below a table.
        """
        if self.number is not None:
            return (self.number,)
        if not isinstance(self.output, Mapping):
            return ()
        if "stdout" not in self.output:
            return tuple(each for value in self.output.values() if (each := finite(value)) is not None)
        text = _COUNT_OF_ROWS.sub("", str(self.output["stdout"])[:MOST_READ])
        return tuple(float(each) for each in _NUMBER.findall(text))


@dataclass(frozen=True)
class Run:
    """One run of an experiment. `before`, `during` (where its strategy asks then) and `after` are the looks
    at its hypothesis.
    """

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
    during: tuple[Activity, ...] = ()
    held_during: bool = True

    @property
    def held(self) -> bool | None:
        """Whether its hypothesis held, each time it was asked from the method on; None where it was not, or
        where a probe failed (the toolkit has it deviate then).
        """
        asked = (*self.during, *self.after)
        if self.status not in ("completed", "failed") or not asked:
            return None
        if any(each.status != "succeeded" for each in asked):
            return None
        return self.held_during and (self.held_after or not self.after)

    @property
    def hypothesis(self) -> tuple[Activity, ...]:
        """Every look at its hypothesis."""
        return (*self.before, *self.during, *self.after)

    @property
    def probes(self) -> tuple[Activity, ...]:
        """All probes, of the hypothesis and of the method."""
        return tuple(each for each in (*self.hypothesis, *self.method) if each.kind == "probe")

    def of(self, files: Collection[str]) -> str:
        """The name of the experiment: the longest of a file that the run's own begins with, else its own."""
        named = [each for each in files if self.name == each or self.name.startswith(f"{each}-")]
        return max(named, key=len, default=self.name)


@dataclass(frozen=True)
class Experiments:
    """All that is known. `unreadable` says by file why it could not be read."""

    files: Mapping[str, Content] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    injected: tuple[Injected, ...] = ()
    observed: tuple[Observed, ...] = ()
    rollouts: tuple[Rollout, ...] = ()


def read_experiments(
    workspace: Path,
    injected: Sequence[Injected] = (),
    observed: Sequence[Observed] = (),
    rollouts: Sequence[Rollout] = (),
) -> Experiments:
    """What lies in the workspace, beside what the drill saw."""
    directory = workspace / DIRECTORY
    files: dict[str, Content] = {}
    runs: list[Run] = []
    unreadable: dict[str, str] = {}
    for path in _files(directory, (".yaml", ".yml", ".json")):
        try:
            files[path.stem] = _experiment(_text(path, MAX_BYTES // 10), path.suffix)
        except ValueError as error:
            unreadable[f"{DIRECTORY}/{path.name}"] = str(error)
    for path in _files(directory / JOURNALS, (".json",)):
        if path.name.endswith(READINGS):
            continue
        try:
            run = run_of(path.stem, _journal(_text(path, MAX_BYTES)))
            if not any(replace(other, name=run.name) == run for other in runs):  # a copy is no run of its own
                runs.append(run)
        except ValueError as error:
            unreadable[f"{DIRECTORY}/{JOURNALS}/{path.name}"] = str(error)
    runs.sort(key=lambda run: run.began)
    return Experiments(files, tuple(runs), unreadable, tuple(injected), tuple(observed), tuple(rollouts))


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


def _mapping(found: Any) -> Content:
    if not isinstance(found, dict):
        raise ValueError("it is no mapping")  # noqa: TRY004 - of what somebody wrote, not of ours
    return found


def _experiment(text: str, ending: str) -> Content:
    """As the toolkit reads it (YAML 1.1), and as it stands in a journal of it: what JSON has."""
    try:
        found = json.loads(text) if ending == ".json" else yaml.safe_load(text)
        return _plain(found)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        raise ValueError(f"line {at.line + 1}: {error.problem}" if at else str(error.problem)) from error
    except (yaml.YAMLError, *TAGGED_WRONGLY) as error:
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error


def _plain(found: Any) -> Content:
    """A mapping of plain values, neither too many nor too deep."""
    return _mapping(_as_json(found, iter(range(MOST_VALUES)), DEEPEST))


def _as_json(value: Any, budget: Iterator[int], deepest: int) -> Any:
    if next(budget, None) is None or deepest < 0:
        raise ValueError(f"it has more than {MOST_VALUES} values, or more than {DEEPEST} in one another")
    if isinstance(value, dict):
        return {str(name): _as_json(each, budget, deepest - 1) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_as_json(each, budget, deepest - 1) for each in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _journal(text: str) -> Content:
    try:
        return _plain(json.loads(text))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def run_of(name: str, journal: Content) -> Run:
    """A run, of its journal.

    Raises:
        ValueError: it is no journal; says what is missing.
    """
    try:
        states = _mapped(journal["steady_states"])
        before, after = (_mapped(states.get(each) or {}) for each in ("before", "after"))
        during = [_mapped(each) for each in _list(states.get("during") or [])]
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
            during=tuple(probe for each in during for probe in _listed(each.get("probes") or [])),
            held_during=all(each.get("steady_state_met") is True for each in during),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is no journal of Chaos Toolkit: {error}") from error


def _listed(entries: object) -> Iterator[Activity]:
    for entry in map(_mapped, _list(entries)):
        activity = _mapped(entry["activity"])
        provider = _mapped(activity.get("provider") or {})
        arguments = provider.get("arguments")  # of a process they may be a list, or one text
        met = entry.get("tolerance_met")
        yield Activity(
            kind=str(activity.get("type", "")),
            name=str(activity.get("name", "")),
            module=str(provider.get("module", "")),
            func=str(provider.get("func", "")),
            arguments=arguments if isinstance(arguments, dict) else {},
            status=str(entry.get("status", "")),
            output=entry.get("output"),
            began=_instant(entry["start"]),
            ended=_instant(entry.get("end") or entry["start"]),
            tolerance=activity.get("tolerance"),
            met=met if isinstance(met, bool) else None,
            program=" ".join(str(provider.get(each, "")) for each in ("path", "func", "arguments")),
        )


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a list is expected, not {type(value).__name__}")
    return value


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


def _instant(text: object) -> float:
    """Seconds since the epoch; the toolkit writes UTC, with or without saying so."""
    moment = datetime.fromisoformat(str(text))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
