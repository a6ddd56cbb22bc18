"""The scheduler's process: waits until something is due, runs it, and writes down how it went.

Each run is a line of JSON in `runs.jsonl`: when it began, how long it took, its exit status and the end of
what it said. A job that still runs when it is due again is left running and not started twice.

What a job leaves running (`... &`) goes on, as under any cron: it becomes a child of this process and not of
the range's nursery, which ends whatever a component leaves behind as soon as one of them dies.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from drillyard.range import nursery_kernel as kernel
from drillyard.range.scheduler.crontab import CrontabError, Job, read

RUNS = "runs.jsonl"
SHELL = "/bin/sh"
LONGEST_TAIL = 2_000
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
_NEVER_S = 3600.0


class Scheduler:
    """Runs the jobs of one crontab; every command gets our environment, and over it the crontab's own.

    What was due at `since` (seconds since the epoch) or before it is not run.
    """

    def __init__(self, crontab: Path, runs: Path, *, since: float) -> None:
        self._crontab = crontab
        self._runs = runs
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], subprocess.Popen[bytes] | None] = {}
        self._done_until = since
        self.jobs: tuple[Job, ...] = ()

    def load(self) -> None:
        """Read the crontab; none is an empty one.

        Raises:
            CrontabError: it cannot be read; the jobs are what they were.
        """
        self.jobs = read(self._crontab.read_text(encoding="utf-8") if self._crontab.exists() else "")
        count = len(self.jobs)
        print(f"crontab taken: {count} job{'' if count == 1 else 's'}", flush=True)

    def next_at(self) -> float:
        """When something is due next, in seconds since the epoch."""
        times = [at for job in self.jobs if (at := job.after(self._done_until)) is not None]
        return min(times, default=self._done_until + _NEVER_S)

    def turn(self, now: float, *, reread: bool = False) -> None:
        """Start what became due since the last turn, and then read the crontab again if asked to.

        So a new crontab holds from `now` on (from the latest time seen, where the clock went back), and what
        it would have run before that is not made up for. One that cannot be read is reported and not taken.
        """
        for job in self.jobs:
            if (at := job.after(self._done_until)) is not None and at <= now:
                self.start(job)
        self._done_until = max(self._done_until, now)
        if reread:
            try:
                self.load()
            except CrontabError as error:
                print(f"crontab not taken: {error}", flush=True)

    def start(self, job: Job) -> None:
        """Run a job beside the others."""
        threading.Thread(target=self._run, args=(job,), daemon=True, name=f"line {job.line}").start()

    def _run(self, job: Job) -> None:
        which = (job.when, job.command)
        with self._lock:
            if which in self._running:
                self._write(job, time.time(), 0.0, None, "still running: not started again")
                return
            self._running[which] = None
        began = time.time()
        try:
            status, said = self._command(job, which)
        except OSError as error:
            status, said = 127, str(error)
        finally:
            with self._lock:
                self._running.pop(which, None)
        with self._lock:
            self._write(job, began, time.time() - began, status, said)

    def _command(self, job: Job, which: tuple[str, str]) -> tuple[int, str]:
        variables = {**os.environ, **job.variables}
        with self._lock:  # until it is known as ours, so that it is not reaped as one that was adopted
            process = self._running[which] = subprocess.Popen(
                [variables.get("SHELL", SHELL), "-c", job.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=variables,
                cwd=variables.get("HOME", "/"),
                start_new_session=True,
            )
        with process:
            said, _ = process.communicate(job.stdin.encode())
        return process.returncode, said[-LONGEST_TAIL:].decode(errors="replace")

    def reap(self) -> None:
        """Let go of those that ended among what jobs had left running."""
        with self._lock:
            own = {process.pid for process in self._running.values() if process is not None}
            for pid in kernel.children(os.getpid()):
                if pid not in own:
                    with suppress(ChildProcessError):
                        os.waitpid(pid, os.WNOHANG)

    def stop(self) -> None:
        """End what runs."""
        with self._lock:
            for process in self._running.values():
                if process is not None:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGTERM)

    def _write(self, job: Job, began: float, took_s: float, status: int | None, said: str) -> None:
        record = {
            "at": began,
            "line": job.line,
            "command": job.command,
            "took_s": round(took_s, 3),
            "status": status,
            "said": said,
        }
        with self._runs.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        print(f"line {job.line}: {job.command}: exit {status} after {took_s:.1f} s", flush=True)


def run(*, crontab: str, runs: str, ready: str) -> None:
    """Schedule until SIGTERM or SIGINT, then end what runs and exit with 0; SIGHUP reads the crontab again.

    The file `ready` is there from when the crontab was read until the end.
    """
    wake, waker = os.pipe()
    for end in (wake, waker):
        os.set_blocking(end, False)
    # Written to when a signal comes, whatever the interpreter is doing then: none is missed before a wait.
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for signum in _SIGNALS:
        signal.signal(signum, lambda *_: None)
    if kernel.LINUX:
        kernel.adopt_orphans()
    scheduler = Scheduler(Path(crontab), Path(runs), since=time.time())
    try:
        scheduler.load()
    except CrontabError as error:
        sys.exit(f"crontab: {error}")
    for job in scheduler.jobs:
        if job.after(0.0) is None:
            scheduler.start(job)
    Path(ready).touch()
    while True:
        select.select([wake], [], [], max(0.0, scheduler.next_at() - time.time()))
        received = _received(wake)
        if received & {signal.SIGTERM, signal.SIGINT}:
            Path(ready).unlink(missing_ok=True)
            scheduler.stop()
            sys.exit(0)
        if signal.SIGCHLD in received:
            scheduler.reap()
        scheduler.turn(time.time(), reread=signal.SIGHUP in received)


def _received(wake: int) -> set[int]:
    with suppress(BlockingIOError):
        return set(os.read(wake, 512))
    return set()
