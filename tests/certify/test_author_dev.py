"""The author's loop, on a live range: a save is judged anew without measuring."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

import psutil
import pytest

from drillyard.author.scaffolding import new_scenario
from drillyard.base.clock import monotonic

pytestmark = [pytest.mark.certify, pytest.mark.timeout(400)]


class Screen:
    """What the loop prints, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: Queue[str] = Queue()
        assert process.stdout is not None
        self._source = process.stdout
        threading.Thread(target=self._read, daemon=True).start()

    def until(self, text: str, deadline_s: float) -> list[str]:
        """The lines up to the one with `text` in it."""
        seen: list[str] = []
        end = monotonic() + deadline_s
        while monotonic() < end:
            try:
                seen.append(self._lines.get(timeout=0.2))
            except Empty:
                continue
            if text in seen[-1]:
                return seen
        raise AssertionError(f"{text!r} never came:\n" + "".join(seen))

    def _read(self) -> None:
        for line in self._source:
            self._lines.put(line)


@contextmanager
def loop(directory: Path) -> Iterator[Screen]:
    before = _of_loops()
    process = subprocess.Popen(
        ["drill", "dev", str(directory), "--data-scale", "0.02"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    try:
        yield Screen(process)
    finally:
        process.terminate()
        process.communicate(timeout=90)
        assert _of_loops() <= before


def _of_loops() -> set[int]:
    """Processes that hang under some loop's scratch directory."""
    return {
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any("/drillyard-dev-" in part for part in process.info["cmdline"] or ())
    }


def test_a_saved_check_is_judged_anew_on_the_warm_range(tmp_path: Path) -> None:
    directory = new_scenario("slow-pages", tmp_path)
    checks = directory / "checks.py"
    with loop(directory) as screen:
        first = screen.until("Save a file", 200)
        assert any("✘ The newest reviews of a product" in line for line in first)
        checks.write_text(checks.read_text().replace("        0.3,", "        30.0,"))
        assert any("✔ The newest reviews of a product" in line for line in screen.until(" s)", 20))
        checks.write_text(checks.read_text() + "\n(\n")
        assert any("do not load" in line for line in screen.until(" s)", 20))
        checks.write_text(checks.read_text().removesuffix("\n(\n").replace("30.0", "0.3"))
        assert any("✘ The newest reviews of a product" in line for line in screen.until(" s)", 20))
        flaws = directory / "flaws.py"
        flaws.write_text(flaws.read_text() + "\n")
        assert any("after a new start" in line for line in screen.until(" s)", 20))
