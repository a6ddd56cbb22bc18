"""The scheduler: runs the crontab of the workspace under the service account."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from drillyard.base.errors import Problem
from drillyard.range.component import Command, Component, Fork, Reload, Site
from drillyard.range.scheduler.crontab import FILE, CrontabError, read
from drillyard.range.scheduler.process import RUNS


class Scheduler(Component):
    """`environment` is what its commands get: that of the operators' shell. A shop sells without it."""

    kind = "scheduler"
    reload = Reload.SIGNAL
    essential = False
    stop_timeout_s = 3.0

    def __init__(self, name: str, site: Site, environment: Mapping[str, str]) -> None:
        super().__init__(name, site)
        self._environment = environment

    @property
    def runs(self) -> Path:
        """One line of JSON a run; it is there as soon as the scheduler runs."""
        return self.site.data / RUNS

    def prepare(self) -> None:
        """Directories, and no readiness of an earlier start."""
        super().prepare()
        self._ready_file.unlink(missing_ok=True)

    def command(self) -> Command:
        """Forked; the scripts beside the crontab are in the commands' PATH."""
        path = f"{self.site.config}:{self._environment['PATH']}"
        return Fork(
            "drillyard.range.scheduler.process",
            "run",
            kwargs={
                "crontab": str(self.site.config / FILE),
                "runs": str(self.runs),
                "ready": str(self._ready_file),
            },
            env={**self._environment, "PATH": path, "OPS": str(self.site.config)},
            cwd=self.site.data,
        )

    @property
    def _ready_file(self) -> Path:
        return self.site.run / "ready"

    async def ready(self) -> bool:
        """It has read the crontab."""
        return self._ready_file.exists()

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """The crontab is read as the scheduler reads it; that there is none is no problem."""
        if FILE not in files:
            return []
        try:
            read(files[FILE].read_text(encoding="utf-8"))
        except CrontabError as error:
            return [Problem(FILE, error.line, error.message, error.expected)]
        return []
