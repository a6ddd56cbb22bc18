"""Where the parts of a range listen.

On Linux a range owns one loopback address (127.x.y.z) and uses standard ports on it; elsewhere only
127.0.0.1 exists, and a range owns a block of ports. A reservation is a file under `home()/addresses/` that
names its owner, so a drill keeps its address over pauses and reboots; it is free again when the owner's
directory is gone.
Ranges of other users are kept apart by chance (16 million addresses) and by asking who listens.
"""

import fcntl
import json
import os
import random
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.base.paths import home

MAX_REPLICAS = 24
MAX_WORKER_PROCESSES = 9
WORKER_TYPES = ("payments", "notifications", "inventory", "reports")
_BLOCKS = range(20_000, 32_000, 250)


def _worker_ports() -> dict[str, int]:
    ports = {}
    for position, worker_type in enumerate(WORKER_TYPES, start=1):
        for process in range(1, MAX_WORKER_PROCESSES + 1):
            name = f"worker-{worker_type}" + (f"-{process}" if process > 1 else "")
            ports[name] = 8100 + 10 * (process - 1) + position
    return ports


WORKERS = tuple(_worker_ports())
"""The names of all worker processes that a range can have."""


def _links() -> dict[str, tuple[str, ...]]:
    """Who is a client of whom, of all that a range can have."""
    replicas = [f"storefront-{n}" for n in range(1, MAX_REPLICAS + 1)]
    workers = [f"worker-{each}" for each in WORKER_TYPES]  # settings may route any job to any of them
    return {
        "haproxy": tuple(replicas),
        **dict.fromkeys(replicas, ("postgres", "valkey", "partner")),
        **dict.fromkeys(workers, ("postgres", "valkey", "partner", "mailsink")),
    }


LINKS: Mapping[str, tuple[str, ...]] = _links()
"""The servers that each client speaks to; in a range with a network, each through a proxy of its own."""


def link_name(client: str, server: str) -> str:
    """The endpoint of the proxy between them, and the proxy's own name."""
    return f"{client}-to-{server}"


_FIRST_LINK_PORT = 15_001

STANDARD_PORTS: Mapping[str, int] = {
    "http": 8080,
    "haproxy-stats": 8404,
    **{f"storefront-{n}": 8000 + n for n in range(1, MAX_REPLICAS + 1)},
    **_worker_ports(),
    "partner": 8200,
    "mailsink": 1025,
    "mailsink-http": 8025,
    "postgres": 5432,
    "standby": 5433,
    "valkey": 6379,
    "prometheus": 9090,
    "alertmanager": 9093,
    "exporter": 9187,
    "network": 8474,
    **{
        link_name(client, server): port
        for port, (client, server) in enumerate(
            ((client, server) for client, servers in LINKS.items() for server in servers), _FIRST_LINK_PORT
        )
    },
}


@dataclass(frozen=True)
class Endpoint:
    """One listening address; `str()` gives `host:port`."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Addresses:
    """All endpoints of one range, by name (the table in ARCHITECTURE.md)."""

    host: str
    ports: Mapping[str, int]

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint called `name`.

        Raises:
            KeyError: no endpoint has that name.
        """
        return Endpoint(self.host, self.ports[name])

    def to_json(self) -> str:
        """For the drill's own store, so that it keeps its addresses."""
        return json.dumps({"host": self.host, "ports": dict(self.ports)})

    @classmethod
    def from_json(cls, text: str) -> "Addresses":
        """What `to_json` wrote."""
        stored = json.loads(text)
        return cls(str(stored["host"]), {str(name): int(port) for name, port in stored["ports"].items()})

    @property
    def _file(self) -> str:
        return self.host if self.host != "127.0.0.1" else f"127.0.0.1-{min(self.ports.values())}"


def reserve(owner: Path) -> Addresses:
    """Reserve addresses for the range that lives in the directory `owner`; the same owner gets its own again.

    Raises:
        UserError: `owner` does not exist, or nothing is free.
    """
    if not owner.is_dir():
        raise UserError("Addresses can only be reserved for a directory that exists", where=str(owner))
    with _registry() as directory:
        _forget_gone(directory)
        for file in sorted(directory.glob("127.*")):
            stored = json.loads(file.read_text())
            if stored["owner"] == str(owner):
                return Addresses.from_json(json.dumps(stored["addresses"]))
        found = _free(directory)
        entry = {"owner": str(owner), "addresses": json.loads(found.to_json())}
        (directory / found._file).write_text(json.dumps(entry))
        return found


def release(addresses: Addresses) -> None:
    """Give the addresses back; nothing happens when they were not reserved."""
    with _registry() as directory:
        for name in (addresses._file, f"held-{addresses._file}"):
            (directory / name).unlink(missing_ok=True)


@contextmanager
def hold(addresses: Addresses) -> Iterator[None]:
    """Keep anyone else on this machine's `home()` from running on these addresses while the block lasts.

    Raises:
        UserError: a running range holds them already.
    """
    with _registry() as directory:
        descriptor = os.open(
            directory / f"held-{addresses._file}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                "This range is running already", where=addresses.host, next_step="Stop it first."
            ) from None
        yield
    finally:
        os.close(descriptor)


def taken(addresses: Addresses, names: Mapping[str, int] | None = None) -> dict[str, int]:
    """The endpoints (of `names`, or all) on which something listens already."""
    return {
        name: port
        for name, port in (names or addresses.ports).items()
        if not _bindable(addresses.host, port) and _answers(addresses.host, port)
    }


@contextmanager
def _registry() -> Iterator[Path]:
    directory = home() / "addresses"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield directory


def _forget_gone(directory: Path) -> None:
    for file in directory.glob("127.*"):
        try:
            owner = Path(json.loads(file.read_text())["owner"])
        except (ValueError, KeyError):
            file.unlink()  # cut short by a crash: nobody can own it
            continue
        if not owner.is_dir():
            file.unlink()
            (directory / f"held-{file.name}").unlink(missing_ok=True)


def _free(directory: Path) -> Addresses:
    return _free_host(directory) if sys.platform == "linux" else _free_block(directory)


def _random_host() -> str:
    return f"127.{random.randint(16, 250)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


def _free_host(directory: Path) -> Addresses:
    ports = _around_wildcards()
    for _ in range(100):
        found = Addresses(_random_host(), ports)
        if not (directory / found._file).exists() and not taken(found):
            return found
    raise UserError("No free loopback address was found in 100 tries", where="127.0.0.0/8")


def _around_wildcards() -> Mapping[str, int]:
    """The standard ports, moved by 10000 where a program listens on every address of this machine."""
    samples = [set(taken(Addresses(_random_host(), STANDARD_PORTS))) for _ in range(2)]
    everywhere = samples[0] & samples[1]
    return {name: port + 10_000 * (name in everywhere) for name, port in STANDARD_PORTS.items()}


def _free_block(directory: Path) -> Addresses:
    for base in _BLOCKS:
        ports = {name: base + offset for offset, name in enumerate(STANDARD_PORTS)}
        found = Addresses("127.0.0.1", ports)
        if not (directory / found._file).exists() and not taken(found):
            return found
    raise UserError("No free block of ports was found", where=f"127.0.0.1, ports {_BLOCKS.start} and up")


def _bindable(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _answers(host: str, port: int) -> bool:
    """A port can refuse to be bound for a while after its server is gone; then nobody answers on it."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((host, port)) == 0
