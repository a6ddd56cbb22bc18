"""Finding a scenario's checks: functions in `checks.py`, and executables in `checks/`."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from drillyard.assess.check import Check, Evidence, Need, Status, Verdict, check_of
from drillyard.assess.measurement import Measurement
from drillyard.assess.probe import Probe, probe_of
from drillyard.base.errors import UserError

EXECUTABLE_TIMEOUT_S = 20.0
_EXIT_STATUS = {0: Status.PASS, 1: Status.FAIL, 2: Status.INCONCLUSIVE}
_HEADER = "# drill-check:"


def load_checks(scenario: Path) -> list[Check]:
    """All checks of the scenario in `scenario`, in the order of the file, then executables by name.

    Raises:
        UserError: `checks.py` cannot be imported, an id is used twice, or an executable has no valid header.
    """
    module = _load(scenario / "checks.py")
    found = [made for thing in vars(module).values() if (made := check_of(thing))] if module else []
    found += _executables(scenario / "checks")
    seen: set[str] = set()
    for each in found:
        if each.id in seen:
            raise UserError(
                f"two checks have the id {each.id!r}", where=str(scenario), next_step="Rename one of them."
            )
        seen.add(each.id)
    return found


def load_probes(scenario: Path) -> list[Probe]:
    """All probes that the scenario's `checks.py` defines, in the order of the file.

    Raises:
        UserError: `checks.py` cannot be imported.
    """
    module = _load(scenario / "checks.py")
    return [made for thing in vars(module).values() if (made := probe_of(thing))] if module else []


def _load(path: Path) -> ModuleType | None:
    if not path.is_file():
        return None
    name = f"drillyard_scenario_{path.parent.name.replace('-', '_')}_checks"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError("this file cannot be imported", where=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UserError(
            f"the scenario's checks do not load: {type(error).__name__}: {error}",
            where=str(path),
            next_step="Repair the scenario; `python checks.py` shows the line.",
        ) from error
    return module


def _executables(directory: Path) -> Iterator[Check]:
    if not directory.is_dir():
        return
    for path in sorted(directory.iterdir()):
        if path.is_file() and os.access(path, os.X_OK):
            yield _executable(path)


def _executable(path: Path) -> Check:
    """An executable check describes itself in a comment: `# drill-check: {"task": "2-cache", "title":
    "..."}`.
    """
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[:20]:
        if line.startswith(_HEADER):
            try:
                head = json.loads(line.removeprefix(_HEADER))
                return Check(
                    id=path.stem,
                    task=str(head["task"]),
                    title=str(head["title"]),
                    needs=frozenset(Need(need) for need in head.get("needs", ["learner"])),
                    quick=bool(head.get("quick", True)),
                    judge=lambda m: run_executable(path, m),
                )
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(f"the header does not read: {error}", where=str(path)) from error
    raise UserError(
        "an executable check says what it is in a comment",
        where=str(path),
        next_step=f'Add a line: {_HEADER} {{"task": "2-cache", "title": "..."}}',
    )


def run_executable(path: Path, measurement: Measurement) -> Verdict:
    """Run an executable check: exit 0 pass, 1 fail, 2 inconclusive; standard output is the evidence.

    It gets the readings of every subject as JSON on standard input; anything else it does is its author's.
    """
    readings = {
        name: {reading: interval.value for reading, interval in subject.all().items()}
        for name, subject in measurement.subjects().items()
    }
    environment: Mapping[str, str] = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            [str(path)],
            input=json.dumps(readings),
            capture_output=True,
            text=True,
            env=environment,
            timeout=EXECUTABLE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        reason = f"{path.name} did not answer within {EXECUTABLE_TIMEOUT_S:g} s"
        return Verdict(
            Status.INCONCLUSIVE, (Evidence(path.name, Status.INCONCLUSIVE, reason=reason),), reason
        )
    status = _EXIT_STATUS.get(done.returncode, Status.INCONCLUSIVE)
    reason = (
        ""
        if done.returncode in (0, 1)
        else f"{path.name} ended with {done.returncode}: {done.stderr.strip()[:500]}"
    )
    text = done.stdout.strip() or path.name
    return Verdict(
        status,
        (Evidence(text, status, source=path.name, reason=reason),),
        reason,
        done.returncode not in _EXIT_STATUS,
    )
