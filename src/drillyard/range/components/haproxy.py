"""HAProxy: the front door.

One process without a master, so that none survives another; a reload starts a new process that is handed the
listening sockets (`-x`) and then asks the old one to finish (`-sf`): no connection is refused in between
(https://docs.haproxy.org/2.8/management.html, section 4).
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from drillyard.base.errors import Problem
from drillyard.range import parts
from drillyard.range.component import Command, Component, Exec, Reload
from drillyard.range.components.haproxy_runtime import Runtime
from drillyard.range.components.tooling import missing, no_configuration
from drillyard.range.privileges import demoted, keeper, make_own_directory, write_file

MAIN = "haproxy.cfg"
OURS = "range.cfg"
"""Read before the learner's file: the runtime API, which a rolling restart needs."""

_COMPLAINT = re.compile(r"\[(?P<level>ALERT|WARNING)\][^:]*:\s*(?P<text>.*)")
_PLACE = re.compile(r"\[[^\]]*?:(?P<line>\d+)\]\s*:?\s*")


class HAProxy(Component):
    """The learner's haproxy.cfg is the whole of its configuration but for the runtime API's socket."""

    kind = "haproxy"
    reload = Reload.REPLACE
    endpoints = ("http", "haproxy-stats")
    stop_timeout_s = 3.0

    @property
    def runtime(self) -> Runtime:
        """Its runtime API."""
        return Runtime(self.site.socket("haproxy.sock"))

    def prepare(self) -> None:
        """Directories and our own part of the configuration."""
        super().prepare()
        if not (self.site.config / MAIN).exists():
            raise no_configuration("HAProxy", self.site.config / MAIN)
        ours = self.site.directory / OURS
        write_file(ours, _ours(self.site.socket("haproxy.sock")), keeper(self.site.account))

    def command(self) -> Command:
        """In the foreground, one process."""
        return self._command()

    def replacement(self, old_pid: int) -> Command:
        """Takes the listening sockets over from `old_pid`, which then finishes what it serves."""
        return self._command("-x", str(self.site.socket("haproxy.sock")), "-sf", str(old_pid))

    def _command(self, *more: str) -> Command:
        part = parts.find("haproxy")
        argv = part.argv(
            "-db", "-f", str(self.site.directory / OURS), "-f", str(self.site.config / MAIN), *more
        )
        return Exec(argv, env=part.env, cwd=self.site.run)

    async def ready(self) -> bool:
        """It answers on its runtime API, which it does once all its listeners are bound."""
        return await self._serving() != 0

    async def taken_over(self, pid: int) -> bool:
        """The process that answers is the new one."""
        return await self._serving() == pid

    async def _serving(self) -> int:
        try:
            return int((await self.runtime.info()).get("Pid", "0"))
        except (OSError, TimeoutError):
            return 0

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """`haproxy -c`, with our own part before the learner's, as it will run."""
        if MAIN not in files:
            return [missing(MAIN)]
        part, account = parts.find("haproxy"), self.site.account
        with tempfile.TemporaryDirectory(prefix="drillyard-check-") as scratch:
            # Under the service account: a configuration may name Lua that runs while it is checked.
            directory = make_own_directory(Path(scratch), account)
            ours, theirs = directory / OURS, directory / MAIN
            write_file(ours, _ours(directory / "s"), keeper(account))
            write_file(theirs, files[MAIN].read_text(), keeper(account))
            done = subprocess.run(
                part.argv("-c", "-f", str(ours), "-f", str(theirs)),
                env={"PATH": os.defpath, **part.env},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
                cwd="/",
                **demoted(account),
            )
        return [] if done.returncode == 0 else _problems(done.stdout + done.stderr)


def _ours(socket: Path) -> str:
    return f"global\n    stats socket unix@{socket} mode 600 level admin expose-fd listeners\n"


def _problems(said: str) -> list[Problem]:
    found: list[Problem] = []
    for match in _COMPLAINT.finditer(said):
        if match["level"] != "ALERT":
            continue
        text = match["text"].removeprefix("config : ").removeprefix("parsing ")
        place = _PLACE.search(text)
        message = _PLACE.sub("", text).strip(" .")
        if place or not found:
            found.append(Problem(MAIN, int(place["line"]) if place else 0, message))
    return found or [Problem(MAIN, 0, said.strip()[-300:])]
