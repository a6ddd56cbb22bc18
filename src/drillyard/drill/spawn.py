"""Starting the daemon of a drill, and reaching the one that runs."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass

from drillyard.base.clock import wait_until
from drillyard.base.errors import DeadlineError, ExitCode, UserError
from drillyard.drill.places import Places
from drillyard.drill.presence import daemon_of, socket_address

START_DEADLINE_S = 30.0
ENDED_AS_SECOND = 75
"""How a daemon ends that finds another one there (EX_TEMPFAIL of sysexits.h)."""


@dataclass(frozen=True)
class Reached:
    """`started` says whether a daemon had to be started for it, `died` whether one had died before."""

    started: bool
    died: bool


class DaemonError(UserError):
    """The daemon ended before it answered, or did not answer in time."""

    exit_code = ExitCode.FAILED


def spawn(places: Places) -> subprocess.Popen[bytes]:
    """Start a daemon that outlives this process; when there is one already the new one ends by itself."""
    with places.log.open("ab") as log:
        os.fchmod(log.fileno(), 0o600)
        return subprocess.Popen(
            [sys.executable, "-m", "drillyard.drill.daemon", str(places.root)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )


def answers(places: Places) -> bool:
    """Whether a daemon listens on the drill's socket."""
    if not places.socket.exists():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(socket_address(places.socket))
        except OSError:
            return False
        return True


def reach(places: Places, spawned: subprocess.Popen[bytes] | None = None) -> Reached:
    """Make sure that the drill's daemon runs and answers; `spawned` is one that was only just started.

    Raises:
        DaemonError: it ended, or did not answer in time; names its log.
    """
    if answers(places):
        return Reached(started=False, died=False)
    died = spawned is None and places.pid_file.exists() and daemon_of(places) is None
    process = spawned

    def answered() -> bool:
        """Also when one is just ending: then another is started as soon as that is gone."""
        nonlocal process
        if answers(places):
            return True
        if daemon_of(places) is None and (process is None or process.poll() == ENDED_AS_SECOND):
            process = spawn(places)
        return process is not None and process.poll() not in (None, ENDED_AS_SECOND)

    try:
        wait_until(answered, deadline_s=START_DEADLINE_S, what="the drill's daemon answers", every_s=0.02)
    except DeadlineError as error:
        raise DaemonError(
            f"The drill's daemon did not answer within {START_DEADLINE_S:g} s",
            where=str(places.log),
            next_step="Nothing of the drill is lost. On a busy machine it may only be late: try again.",
        ) from error
    if not answers(places):
        tail = places.log.read_text(errors="replace").strip().splitlines()[-15:]
        raise DaemonError(
            "\n".join(["The drill's daemon ended at once. The end of its log:", *tail]),
            where=str(places.log),
            next_step="Nothing of the drill is lost. Where the log names nothing of yours, please report it.",
        )
    return Reached(started=True, died=died)
