"""Valkey: the cache, and the broker of the job queues."""

import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from drillyard.base.errors import Problem, UserError
from drillyard.range import parts
from drillyard.range.component import Command, Component, Exec, Reload
from drillyard.range.components.asking import ask
from drillyard.range.components.tooling import missing, no_configuration
from drillyard.range.privileges import demoted, make_directory

MAIN = "valkey.conf"
_TRIAL_S = 2.0
_GATHERED = {"save", "client-output-buffer-limit", "rename-command", "loadmodule", "include", "user"}
_FATAL = re.compile(r"at line (?P<line>\d+)\s*>>> '(?P<text>.*)'\s*(?P<message>.*)")


class Valkey(Component):
    """Persistence is the learner's to choose; by default an append-only file keeps the queues."""

    kind = "valkey"
    reload = Reload.LIVE
    endpoints = ("valkey",)
    stop_timeout_s = 8.0
    ready_timeout_s = 30.0

    @property
    def socket(self) -> Path:
        """Its Unix socket."""
        return self.site.socket("valkey.sock")

    def prepare(self) -> None:
        """Directories, and a note of what this start is made with."""
        super().prepare()
        if not (self.site.config / MAIN).exists():
            raise no_configuration("Valkey", self.site.config / MAIN)
        self._note_applied()

    def command(self) -> Command:
        """The server with the learner's file, and after it what must not be changed."""
        part = parts.find("valkey")
        endpoint = self.site.addresses.endpoint("valkey")
        forced = {"bind": endpoint.host, "port": str(endpoint.port), "protected-mode": "no"}
        argv = part.argv(str(self.site.config / MAIN), *_options(forced, self.site.data, self.socket))
        return Exec(argv, env={"LC_ALL": "C", **part.env}, cwd=self.site.data)

    async def ready(self) -> bool:
        """PING is answered, and the data are loaded."""
        try:
            answer = await ask(self.site.addresses.endpoint("valkey"), b"PING\r\n", until=b"\r\n")
        except (OSError, TimeoutError):
            return False
        return answer.startswith((b"+PONG", b"-NOAUTH"))

    async def reload_live(self) -> bool:
        """CONFIG SET of everything in the file; one that went away, or that is fixed, takes a restart."""
        wanted = directives((self.site.config / MAIN).read_text())
        before = directives(self._applied.read_text())
        if before.keys() - wanted.keys():
            return False
        changed = {name: value for name, value in wanted.items() if before.get(name) != value}
        commands: list[tuple[str, ...]] = (
            [("AUTH", before["requirepass"])] if before.get("requirepass") else []
        )
        commands += [("CONFIG", "SET", name, value) for name, value in changed.items()]
        try:
            # PING ends the conversation; every answer before it is one line.
            question = b"".join(_encoded(command) for command in (*commands, ("PING",)))
            answers = (await ask(self.socket, question, until=b"+PONG\r\n")).splitlines()
        except (OSError, TimeoutError) as error:
            raise UserError(f"Valkey cannot be told: {error}", where=str(self.socket)) from error
        if any(answer.startswith(b"-") for answer in answers):
            return False  # it cannot be changed while the server runs
        self._note_applied()
        return True

    @property
    def _applied(self) -> Path:
        return self.site.directory / "applied.conf"

    def _note_applied(self) -> None:
        try:
            self._applied.write_text((self.site.config / MAIN).read_text())
        except OSError as error:
            raise UserError(f"Cannot write: {error.strerror}", where=str(self._applied)) from error

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """A trial start on a Unix socket of its own, with an empty directory."""
        if MAIN not in files:
            return [missing(MAIN)]
        with tempfile.TemporaryDirectory(prefix="drillyard-check-") as scratch:
            Path(scratch).chmod(0o755)
            file = Path(scratch) / MAIN
            file.write_text(files[MAIN].read_text())
            file.chmod(0o644)
            data = make_directory(Path(scratch) / "data", self.site.account, mode=0o700)
            said = self._trial(file, data)
        return _problems(said, files[MAIN].read_text()) if said else []

    def _trial(self, file: Path, data: Path) -> str:
        """What the server says when it gives up; empty when it comes up (or is still loading after 2 s)."""
        part, account = parts.find("valkey"), self.site.account
        log = data.with_name("log")
        with log.open("w") as output:
            process = subprocess.Popen(
                part.argv(str(file), *_options({"port": "0"}, data, data / "s")),
                env={"LC_ALL": "C", **part.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                **demoted(account),
            )
        try:
            deadline = time.monotonic() + _TRIAL_S
            while time.monotonic() < deadline and not (data / "s").exists():
                if process.poll() is not None:
                    return log.read_text() or f"it ended with {process.returncode}"
                time.sleep(0.01)
        finally:
            process.kill()
            process.wait()
        return ""


def _encoded(command: tuple[str, ...]) -> bytes:
    """A command in the wire format (https://valkey.io/topics/protocol): values may contain anything."""
    words = [word.encode() for word in command]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def directives(text: str) -> dict[str, str]:
    """The file as names and values; of a directive that is repeated the last counts, but for `save` and
    its like, which gather.

    Comments are whole lines; values may be quoted (https://valkey.io/topics/valkey.conf).
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            name, *values = shlex.split(line)
            value, name = " ".join(values), name.lower()
            together = name in _GATHERED and found.get(name)
            found[name] = f"{found[name]} {value}" if together else value
    return found


def _options(settings: Mapping[str, str], data: Path, socket: Path) -> list[str]:
    always = {"daemonize": "no", "dir": str(data), "unixsocket": str(socket), "unixsocketperm": "700"}
    everything = {**settings, **always, "logfile": "", "pidfile": ""}
    return [word for name, value in everything.items() for word in (f"--{name}", value)]


def _problems(said: str, text: str) -> list[Problem]:
    if not (match := _FATAL.search(said)):
        return [Problem(MAIN, 0, said.strip()[-300:])]
    line = int(match["line"])
    if line > len(text.splitlines()):
        return [Problem(MAIN, 0, f"{match['message']} ({match['text']})")]
    return [Problem(MAIN, line, f"{match['message']}: {match['text']}")]
