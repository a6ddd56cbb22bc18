"""PostgreSQL: the shop's database."""

import asyncio
import os
import re
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import psycopg

from drillyard.base.errors import NeedsOperatorError, Problem
from drillyard.range import parts
from drillyard.range.component import Command, Component, Exec, Reload, Site
from drillyard.range.components.tooling import missing, no_configuration
from drillyard.range.ledger import started
from drillyard.range.privileges import demoted, own_tree, unwritable

MAIN = "postgresql.conf"
PRELOADED = "pg_stat_statements,auto_explain"
"""What measuring and learning need; set on the command line, so no file can lose it."""

_AT_LINE = re.compile(r'(?P<message>.*) in file ".*?" line (?P<line>\d+)(?:, (?P<near>near .*))?')
_PARAMETER = re.compile(r'parameter "(?P<name>[\w.]+)"|^"(?P<first>\w+)" \(')
_SEVERITY = re.compile(r"^.*?(?:LOG:  |WARNING:  |FATAL:  |postgres: )")
_NOISE = ("skipping missing configuration file", "contains errors")


class Postgres(Component):
    """`make_data` fills the data directory, once, with a copy of the template; data that are gone later stay
    gone. `environment` is what commands find that the server runs (`archive_command` and its like).

    Stopped by SIGINT (a fast shutdown): SIGTERM would wait for the last client to leave
    (https://www.postgresql.org/docs/18/server-shutdown.html).
    """

    kind = "postgres"
    stop_signal = signal.SIGINT
    stop_timeout_s = 10.0
    ready_timeout_s = 60.0  # recovery after a crash replays the log first
    reload = Reload.SIGNAL
    endpoints = ("postgres",)
    title = "PostgreSQL"

    def __init__(
        self,
        name: str,
        site: Site,
        make_data: Callable[[Path], None],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(name, site)
        self._make_data = make_data
        self._environment = environment or {}

    @property
    def socket_directory(self) -> Path:
        """Where its Unix socket lies; the superuser gets in only there."""
        return self.site.sockets

    @property
    def _port(self) -> int:
        return self.site.addresses.endpoint(self.endpoints[0]).port

    def prepare(self) -> None:
        """Directories, and the data if there are none."""
        super().prepare()
        self._require()
        self._remove_stale_locks()

    def _require(self) -> None:
        """What a server cannot start without."""
        if not (self.site.config / MAIN).exists():
            raise no_configuration(self.title, self.site.config / MAIN)
        if not (self.site.data / "PG_VERSION").exists():
            self._fill()

    def _fill(self) -> None:
        made = self.site.directory / "data-made"
        if made.exists():
            raise NeedsOperatorError(
                "The data directory holds no database cluster",
                where=str(self.site.data),
                next_step="Put one there from a backup; drill reset begins the drill anew.",
            )
        self.site.data.rmdir()
        self._make_data(self.site.data)
        try:
            made.touch()
        except OSError as error:
            raise unwritable(made, error) from error

    def _remove_stale_locks(self) -> None:
        """After a crash its pid may be that of any process of the same account; PostgreSQL would give up."""
        for file in (
            self.site.data / "postmaster.pid",
            self.socket_directory / f".s.PGSQL.{self._port}.lock",
        ):
            try:
                pid = int((_plain(file) or b"").split(b"\n", 1)[0])
            except ValueError:
                continue
            if not _is_postgres(pid):
                file.unlink()

    def command(self) -> Command:
        """The server with the learner's file, and on the command line what must not be changed."""
        part = parts.find("postgres")
        argv = part.argv("-D", str(self.site.data), *_options(self._forced(self.site.config / MAIN)))
        return Exec(argv, env={"LC_ALL": "C.UTF-8", **part.env, **self._environment}, cwd=self.site.data)

    def _forced(self, file: Path) -> dict[str, str]:
        return {
            "config_file": str(file),
            "hba_file": str(self.site.data / "pg_hba.conf"),
            "listen_addresses": self.site.addresses.host,
            "port": str(self._port),
            "unix_socket_directories": str(self.socket_directory),
            "shared_preload_libraries": PRELOADED,
            "logging_collector": "off",
            "log_destination": "stderr",
        }

    async def ready(self) -> bool:
        """A query is answered."""
        return await self._ask("SELECT true") is True

    async def greet(self) -> None:
        """A reload wakes the checkpointer: what a disaster takes must not be luck.

        After crash recovery it may have gone to sleep while that was not quite over, and then heeds no
        `archive_timeout` until its next checkpoint, minutes later (the loop of `CheckpointerMain` in
        PostgreSQL's src/backend/postmaster/checkpointer.c; seen after four kills of six).
        """
        await self._ask("SELECT pg_reload_conf()")

    async def restart_pending(self) -> bool:
        """Wait until the new file has been read, then ask the server itself."""
        changed = (self.site.config / MAIN).stat().st_mtime
        for _ in range(100):
            if await self._ask(f"SELECT pg_conf_load_time() >= to_timestamp({changed})"):
                break
            await asyncio.sleep(0.01)
        return bool(await self._ask("SELECT bool_or(pending_restart) FROM pg_settings"))

    async def _ask(self, query: str) -> object:
        """The first column of the first row; None when the server does not answer."""
        try:
            async with (
                asyncio.timeout(1),
                await psycopg.AsyncConnection.connect(
                    host=str(self.socket_directory), port=self._port, user="postgres", dbname="postgres"
                ) as connection,
            ):
                row = await (await connection.execute(query.encode())).fetchone()
        except (psycopg.Error, TimeoutError):
            return None
        return row[0] if row else None

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """Two trials with the server itself: that it reads the file, and that it could start with it here."""
        if MAIN not in files:
            return [missing(MAIN)]
        text = files[MAIN].read_text()
        with tempfile.TemporaryDirectory(prefix="drillyard-check-") as scratch:
            Path(scratch).chmod(0o755)
            file = Path(scratch) / MAIN
            file.write_text(text)
            file.chmod(0o644)
            value, said = self._print("max_connections", file, Path(scratch))
            if not value.isdecimal():
                return _problems(said, text)
            return self._could_start(file, text, Path(scratch))

    def _could_start(self, file: Path, text: str, scratch: Path) -> list[Problem]:
        """What depends on several settings or the machine: the server computes it from its control file."""
        names = ("PG_VERSION", "global/pg_control")
        contents = {name: _plain(self.site.data / name) for name in names}
        if None in contents.values():
            return []
        data = scratch / "data"
        (data / "global").mkdir(mode=0o700, parents=True)
        for name, content in contents.items():
            (data / name).write_bytes(content or b"")
        data.chmod(0o700)
        own_tree(data, self.site.account)
        value, said = self._print("shared_memory_size", file, data)
        if not value.isdecimal() or "WARNING:  " in said:
            return _problems(said, text)
        needed, there = int(value), psutil.virtual_memory().total >> 20
        if needed < there:
            return []
        message = f"the server would need {needed} MB of shared memory and this machine has {there} MB"
        return [Problem(MAIN, _line_of("shared_buffers", text), message, "a part of the memory")]

    def _print(self, setting: str, file: Path, data: Path) -> tuple[str, str]:
        """What `postgres -C` prints: the value, and the complaints."""
        part = parts.find("postgres")
        forced = {**self._forced(file), "external_pid_file": ""}
        account = self.site.account
        done = subprocess.run(
            part.argv("-C", setting, "-D", str(data), *_options(forced)),
            env={"LC_ALL": "C", **part.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
            cwd="/",
            **demoted(account),
        )
        return done.stdout.strip(), done.stderr


def _plain(file: Path) -> bytes | None:
    """What is in a plain file of the data directory, which belongs to the service; None for anything else."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _is_postgres(pid: int) -> bool:
    try:
        return bool(started(pid)) and psutil.Process(pid).name() == "postgres"
    except psutil.NoSuchProcess:
        return False


def _options(settings: Mapping[str, str]) -> list[str]:
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _problems(said: str, text: str) -> list[Problem]:
    found: list[Problem] = []
    hints: list[str] = []
    for line in said.splitlines():
        message = _SEVERITY.sub("", line)
        if "HINT:  " in line:
            hints.append(line.partition("HINT:  ")[2])
        elif not any(noise in line for noise in _NOISE) and message:
            found.append(_problem(message, text))
    if hints and found:
        last = found[-1]
        found[-1] = Problem(last.file, last.line, last.message, next_step=hints[-1])
    return found or [Problem(MAIN, 0, said.strip()[-300:] or "the server does not accept it")]


def _problem(message: str, text: str) -> Problem:
    if located := _AT_LINE.match(message):
        near = f" {located['near']}" if located["near"] else ""
        return Problem(MAIN, int(located["line"]), located["message"] + near)
    named = _PARAMETER.search(message)
    line = _line_of(named["name"] or named["first"], text) if named else 0
    return Problem(MAIN, line, message.rstrip("."))


def _line_of(parameter: str, text: str) -> int:
    """The last line that sets it, which is the one that counts."""
    pattern = re.compile(rf"^\s*{re.escape(parameter)}\b", re.IGNORECASE)
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if pattern.match(line)]
    return lines[-1] if lines else 0
