"""One daemon per drill: the lock that says so, the pid file that says who, the socket that leads to it."""

import fcntl
import json
import os
import socket
import sys
from dataclasses import asdict
from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.base.processes import ProcessIdentity
from drillyard.drill.places import Places

SOCKET_PATH_LIMIT = 100
"""Bytes that a socket's path may have everywhere (sun_path holds 108 on Linux, 104 on macOS)."""


class Presence:
    """Held by the one daemon of a drill as long as it lives; the kernel lets go when it dies."""

    def __init__(self, places: Places, descriptor: int) -> None:
        self._places = places
        self._descriptor = descriptor

    @classmethod
    def take(cls, places: Places) -> "Presence | None":
        """Become the daemon of a drill; None when there is one already."""
        descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        identity = ProcessIdentity.of(os.getpid())
        if identity is not None:
            places.pid_file.write_text(json.dumps(asdict(identity)))
        return cls(places, descriptor)

    def leave(self) -> None:
        """Take socket and pid file away and let go of the lock."""
        self._places.socket.unlink(missing_ok=True)
        self._places.pid_file.unlink(missing_ok=True)
        os.close(self._descriptor)


def daemon_of(places: Places) -> ProcessIdentity | None:
    """The living daemon of a drill, or None."""
    try:
        identity = ProcessIdentity(**json.loads(places.pid_file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return identity if identity.alive() else None


def socket_address(path: Path) -> str:
    """A path for `path` that is short enough for a socket.

    A longer one is reached through a descriptor of its directory, which stays open while this process lives.

    Raises:
        UserError: it is too long and this system has no such way.
    """
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return str(path)
    if sys.platform != "linux":
        raise UserError(
            "The drill's directory has too long a path for a socket",
            where=str(path),
            next_step="Set DRILLYARD_HOME to a shorter one.",
        )
    descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    return f"/proc/self/fd/{descriptor}/{path.name}"


def listen(places: Places) -> socket.socket:
    """The daemon's listening socket, for nobody but its owner."""
    places.socket.unlink(missing_ok=True)
    address = socket_address(places.socket)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    # Not by the umask, which is that of all threads, and some make directories. Nobody can connect yet.
    places.socket.chmod(0o600)
    listener.listen(64)
    return listener
