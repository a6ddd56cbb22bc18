"""Real PostgreSQL and Valkey for the tests of background jobs, each on an address of its own."""

import os
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
from psycopg.rows import DictRow, dict_row

from drillyard.base.clock import wait_until
from drillyard.base.paths import is_root
from drillyard.range.credentials import Credentials
from drillyard.range.parts import find
from drillyard.range.parts.part import Part
from drillyard.range.privileges import make_directory, service_account
from drillyard.range.templates import copy_template, ensure_template, fresh_data

SCALE = 0.02


def own_address() -> str:
    """A loopback address that another test hardly has."""
    return f"127.{random.randint(64, 126)}.{random.randint(1, 254)}.{random.randint(1, 254)}"


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def start(part: Part, arguments: list[str], directory: Path) -> "subprocess.Popen[bytes]":
    account = service_account()
    identity: dict[str, object] = {}
    if is_root():
        identity = {"user": account.uid, "group": account.gid, "extra_groups": ()}
    with (directory / "output.log").open("a") as output:
        return subprocess.Popen(
            part.argv(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": os.defpath, "LC_ALL": "C", "HOME": "/", **part.env},
            cwd="/",
            **identity,  # type: ignore[call-overload]  # options by name
        )


class Postgres:
    """A server with a small shop in it."""

    def __init__(self, directory: Path) -> None:
        self.host = own_address()
        self._directory = directory
        self._credentials = Credentials.generate()
        template = ensure_template(fresh_data(SCALE))
        self._part = template.postgres
        copy_template(template, directory / "data", service_account(), self._credentials)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        return f"postgresql://shop_app:{self._credentials.shop_app}@{self.host}:5432/shop"

    @property
    def admin_dsn(self) -> str:
        return f"postgresql://shop_admin:{self._credentials.shop_admin}@{self.host}:5432/shop"

    def start(self) -> None:
        options = {
            "listen_addresses": self.host,
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_preload_libraries": "pg_stat_statements",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._process = start(self._part, ["-D", str(self._directory / "data"), *words], self._directory)
        wait_until(self._ready, deadline_s=30, what="PostgreSQL answers", every_s=0.05)

    def _ready(self) -> bool:
        try:
            psycopg.connect(self.dsn, connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        with psycopg.connect(self.admin_dsn, autocommit=True, row_factory=dict_row) as connection:
            yield connection


class Valkey:
    """A server that can be killed and started again; it keeps its data when `durable`."""

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        self.host = own_address()
        self._directory = directory
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{self.host}:6379/0"

    def start(self) -> None:
        arguments = ["--bind", self.host, "--port", "6379", "--save", "", "--dir", str(self._directory)]
        if self._durable:
            arguments += ["--appendonly", "yes", "--appendfsync", "no"]
        self._process = start(find("valkey"), arguments, self._directory)
        wait_until(self._ready, deadline_s=10, what="Valkey answers")

    def _ready(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.BusyLoadingError):
                return False

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def signal(self, signum: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(signum)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None


@contextmanager
def running_valkey(directory: Path, *, durable: bool = False) -> Iterator[Valkey]:
    directory.chmod(0o755)
    server = Valkey(make_directory(directory / "valkey", service_account()), durable=durable)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def running_postgres(directory: Path) -> Iterator[Postgres]:
    directory.chmod(0o755)
    server = Postgres(make_directory(directory / "postgres", service_account(), mode=0o711))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def eventually(condition: Callable[[], bool], what: str, deadline_s: float = 60.0) -> None:
    wait_until(condition, deadline_s=deadline_s, what=what, every_s=0.02)
