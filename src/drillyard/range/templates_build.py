"""Building a data directory: initdb, a private server on a Unix socket, the shop's seed, a clean stop."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import psycopg

from drillyard.base.clock import wait_until
from drillyard.base.errors import DeadlineError, UserError
from drillyard.range.credentials import DATABASE, ROLES, SUPERUSER, Credentials
from drillyard.range.parts.part import Part
from drillyard.range.privileges import Account, demoted, make_directory, write_file

Progress = Callable[[str], None]

HBA = """\
# TYPE  DATABASE     USER      ADDRESS       METHOD
# The socket's directory belongs to the service account and is closed to everybody else.
local   all          all                     trust
local   replication  all                     trust
host    all          postgres  all           reject
host    all          all       127.0.0.0/8   scram-sha-256
host    replication  all       127.0.0.0/8   scram-sha-256
"""

# Bulk loading (https://www.postgresql.org/docs/18/populate.html): nothing here needs to survive a crash,
# because a template that was not finished is thrown away.
_LOADING = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_recycle": "off",
    "min_wal_size": "8MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "1d",
    "autovacuum": "off",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.save": "off",
}
_SEED_TIMEOUT_S = 1800


@dataclass(frozen=True)
class DataSet:
    """Which data: `scale` multiplies the number of rows, `newest` is when the last order was placed (the
    start of a day in UTC, seconds since the epoch).
    """

    scale: float
    newest: int


def build_data(part: Part, place: Path, account: Account, data: DataSet, progress: Progress) -> None:
    """Make and seed the data directory `place`, whose parent belongs to `account`.

    Raises:
        UserError: a step failed; says what the program said.
    """
    progress("making an empty database")
    _run_initdb(part, place, account)
    write_file(place / "pg_hba.conf", HBA, account, mode=0o600)
    with _server(part, place, account) as socket:
        dsn = f"host={socket} user={SUPERUSER}"
        with psycopg.connect(f"{dsn} dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        progress("filling the shop (once; ranges get a copy)")
        _seed(f"{dsn} dbname={DATABASE}", data, progress)
        progress("gathering statistics")
        with psycopg.connect(f"{dsn} dbname={DATABASE}", autocommit=True) as connection:
            _finish(connection)
    _run_as(account, part, ("initdb", "--sync-only", "-D", str(place)))


def set_passwords(part: Part, data: Path, account: Account, credentials: Credentials) -> None:
    """Give the roles of a stopped data directory this range's passwords, through single-user mode.

    Raises:
        UserError: the server refused.
    """
    statements = "".join(f"ALTER ROLE {role} PASSWORD '{credentials.password(role)}'\n" for role in ROLES)
    said = _run_as(
        account,
        part,
        (
            "postgres",
            "--single",
            "-D",
            str(data),
            "-c",
            "fsync=off",
            "-c",
            "log_min_messages=error",
            SUPERUSER,
        ),
        stdin=statements,
    )
    if "ERROR" in said:
        raise UserError("The database's roles could not be set up", where=said.strip()[-300:])


def _run_initdb(part: Part, data: Path, account: Account) -> None:
    _run_as(
        account,
        part,
        (
            "initdb", "-D", str(data), "-U", SUPERUSER, "--encoding=UTF8", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", "--locale=C", "--data-checksums", "--wal-segsize=4", "--no-sync",
            "--no-instructions", "--auth-local=trust", "--auth-host=scram-sha-256",
        ),
    )  # fmt: skip


def _finish(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    connection.execute("ALTER DEFAULT PRIVILEGES FOR ROLE shop_admin GRANT SELECT ON TABLES TO shop_app")
    # Whoever looks at statistics must not stand in them.
    connection.execute("ALTER ROLE monitor SET pg_stat_statements.track = 'none'")
    connection.execute("VACUUM (ANALYZE, FREEZE)")
    connection.execute("SELECT pg_stat_reset()")
    connection.execute("SELECT pg_switch_wal()")
    connection.execute("CHECKPOINT")


def _seed(dsn: str, data: DataSet, progress: Progress) -> None:
    """Runs as we are: the service account may be unable to read this interpreter; the socket lets us in."""
    which = ("--dsn", dsn, "--scale", str(data.scale), "--newest", str(data.newest))
    command = (sys.executable, "-m", "storefront", "seed", *which)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/"
    ) as process:
        said: list[str] = []
        try:
            for line in process.stdout or ():
                said = [*said[-20:], line.rstrip()]
                progress(f"filling the shop: {line.strip()}")
            code = process.wait(timeout=_SEED_TIMEOUT_S)
        except BaseException:
            process.kill()
            raise
    if code:
        raise UserError("The shop's data could not be made", where="\n".join(said))


@contextmanager
def _server(part: Part, data: Path, account: Account) -> Iterator[Path]:
    """A server on a socket in a directory of its own (socket paths are limited to about 100 characters)."""
    place = Path(mkdtemp(prefix="drillyard-"))
    place.chmod(0o755)
    socket, log = make_directory(place / "s", account, mode=0o700), place / "log"
    settings = {**_LOADING, "unix_socket_directories": str(socket)}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    try:
        with log.open("w") as output:
            process = subprocess.Popen(
                (str(part.program("postgres")), "-D", str(data), *options),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(part),
                start_new_session=True,
                **demoted(account),
            )
        try:
            _wait_ready(process, socket, log)
            yield socket
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _wait_ready(process: "subprocess.Popen[bytes]", socket: Path, log: Path) -> None:
    def answers() -> bool:
        if process.poll() is not None:
            raise DeadlineError("it ended")
        try:
            psycopg.connect(f"host={socket} user={SUPERUSER} dbname=postgres connect_timeout=1").close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        wait_until(answers, deadline_s=30, what="PostgreSQL answers", every_s=0.02)
    except DeadlineError as error:
        raise UserError(
            f"PostgreSQL did not start for the template: {error}", where=log.read_text().strip()[-500:]
        ) from error


def _run_as(account: Account, part: Part, command: Sequence[str], stdin: str = "") -> str:
    program, *arguments = command
    done = subprocess.run(
        (str(part.program(program)), *arguments),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd="/",
        env=_environment(part),
        start_new_session=True,
        **demoted(account),
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise UserError(f"{program} failed (exit {done.returncode})", where=said.strip()[-500:])
    return said


def _environment(part: Part) -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "HOME": "/", **part.env}
