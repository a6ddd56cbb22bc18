"""Playing a drill as a learner does: by running `drill` in a process of its own, and nothing else."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue, TypeAdapter

from drillyard.base.errors import DrillyardError, ExitCode
from drillyard.scenario.recipe import Recipe

START_LIMIT_S = 180
RECIPE_LIMIT_S = 1800
JUDGE_LIMIT_S = 900

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class PlayError(DrillyardError):
    """A command that must work did not; says which, and the end of what it said."""


class Stopping:
    """Ends the commands that players are running, when the whole is to end."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self.asked = False

    def stop(self) -> None:
        """End what runs; players then end their drills and begin nothing new."""
        with self._lock:
            self.asked = True
            for process in self._running:
                _signal(process, signal.SIGTERM)

    @contextmanager
    def watched(self, process: subprocess.Popen[str]) -> Iterator[None]:
        """`process` is ended when the whole is."""
        with self._lock:
            self._running.add(process)
            if self.asked:
                _signal(process, signal.SIGTERM)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(process)


def _signal(process: subprocess.Popen[str], signum: signal.Signals) -> None:
    """To the whole group: what a recipe started must not hold its pipes, or go on without it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signum)


@dataclass(frozen=True)
class Said:
    """What one command gave: `code` is its exit code, `output` everything it printed on standard output."""

    code: int
    output: str
    errors: str

    def json(self) -> JsonValue:
        """Its output as JSON.

        Raises:
            PlayError: it printed none.
        """
        try:
            return _JSON.validate_python(json.loads(self.output))
        except ValueError as error:
            raise PlayError(f"no JSON was printed: {self.output[-500:]} {self.errors[-1500:]}") from error


@dataclass(frozen=True)
class Player:
    """One drill in a home of its own under `directory`."""

    directory: Path
    name: str
    stopping: Stopping = field(default_factory=Stopping)

    @property
    def workspace(self) -> Path:
        """The learner's folder."""
        return self.directory / "workspace" / self.name

    def start(self, scenario: str, variant: str, scale: float | None) -> None:
        """`drill start`.

        Raises:
            PlayError: the range did not come up.
        """
        arguments = ["start", scenario, "--name", self.name, "--variant", variant]
        arguments += ["--workspace", str(self.workspace)]
        if scale is not None:
            arguments += ["--data-scale", str(scale)]
        # Never cut short: its daemon may be there before `drill stop` can find it.
        self._must(arguments, limit_s=START_LIMIT_S, cut=False)

    def play(self, recipe: Recipe, *arguments: str) -> Said:
        """Run a solution or a cheat in the workspace.

        Raises:
            PlayError: it ended with an error.
        """
        return self._run([str(recipe.run), *arguments], limit_s=RECIPE_LIMIT_S, must=True)

    def judge(self, how: str, task: str = "") -> Said:
        """`drill check` (of one task, if it is named) or `drill submit`, as JSON; a no is an answer.

        Raises:
            PlayError: it ended otherwise than with a verdict.
        """
        arguments = [how, *([task] if task else []), "--json"]
        said = self._run(["drill", *arguments], limit_s=JUDGE_LIMIT_S, must=False)
        if said.code not in (ExitCode.OK, ExitCode.FAILED, ExitCode.INCONCLUSIVE):
            raise PlayError(f"drill {how} ended with {said.code}: {said.errors[-1500:]}")
        return said

    def reset(self) -> None:
        """`drill reset`.

        Raises:
            PlayError: it did not come back.
        """
        self._must(["reset", "--yes"], limit_s=START_LIMIT_S)

    def measure(self, label: str) -> Said:
        """`drill measure` with every reading, as JSON.

        Raises:
            PlayError: it could not be measured.
        """
        return self._must(["measure", "--label", label, "--all", "--json"], limit_s=JUDGE_LIMIT_S)

    def end(self) -> None:
        """Stop the drill and remove it, whatever it does. Never raises for a drill that did not come up."""
        stop, interrupt = ["drill", "stop", "--delete", "--yes"], ["drill", "watch", "--cancel"]
        said = self._run(stop, limit_s=START_LIMIT_S, must=False, last=True)
        if said.code not in (ExitCode.OK, ExitCode.NO_DRILL):  # busy: a disaster goes on without who began it
            self._run(interrupt, limit_s=START_LIMIT_S, must=False, last=True)
            self._run(stop, limit_s=START_LIMIT_S, must=False, last=True)

    def _must(self, arguments: Sequence[str], *, limit_s: float, cut: bool = True) -> Said:
        return self._run(["drill", *arguments], limit_s=limit_s, must=True, cut=cut)

    def _run(
        self, command: Sequence[str], *, limit_s: float, must: bool, cut: bool = True, last: bool = False
    ) -> Said:
        """`cut`: it is ended when the whole is to end; `last`: it runs even then."""
        cwd = self.workspace if self.workspace.is_dir() else self.directory
        if self.stopping.asked and not last:
            raise PlayError("ended before it was judged")
        with subprocess.Popen(
            command,
            cwd=cwd,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                with self.stopping.watched(process) if cut and not last else nullcontext():
                    output, errors = process.communicate(timeout=limit_s)
            except BaseException as error:
                _signal(process, signal.SIGKILL)
                if isinstance(error, subprocess.TimeoutExpired):
                    raise PlayError(f"{' '.join(command)} took more than {limit_s:g} s") from error
                raise
        if self.stopping.asked and not last:
            raise PlayError("ended before it was judged")
        if must and process.returncode:
            said = (errors or output)[-1500:]
            raise PlayError(f"{' '.join(command)} ended with {process.returncode}: {said}")
        return Said(process.returncode, output, errors)

    def _environment(self) -> dict[str, str]:
        """The caller's, with a home of its own, the drill named, and `drill` and our Python first on PATH."""
        programs = os.pathsep.join(
            (str(Path(sys.executable).parent), os.environ.get("PATH", "/usr/bin:/bin"))
        )
        return {
            **os.environ,
            "PATH": programs,
            "DRILLYARD_HOME": str(self.directory / "home"),
            "DRILL": self.name,
            "NO_COLOR": "1",
        }
