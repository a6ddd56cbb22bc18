"""A running target shop for each test that asks for one, on an address of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drillyard.base.clock import wait_until
from drillyard.traffic.plan import Constant, TrafficPlan

MakePlan = Callable[..., TrafficPlan]


class Target:
    """The target's process, and its switchboard."""

    def __init__(self, host: str) -> None:
        with socket.create_server((host, 0)) as probe:
            port = probe.getsockname()[1]
        self.address = f"{host}:{port}"
        script = Path(__file__).with_name("traffic_target.py")
        self.process = subprocess.Popen([sys.executable, str(script), host, str(port)])
        wait_until(self._answers, deadline_s=20, what="the target answers")

    def _answers(self) -> bool:
        assert self.process.poll() is None
        try:
            self.counts()
        except OSError:
            return False
        return True

    def counts(self) -> dict[str, int]:
        with urllib.request.urlopen(f"http://{self.address}/counts", timeout=5) as answer:
            return dict(json.load(answer))

    def behave(self, **behaviour: Any) -> None:
        request = urllib.request.Request(
            f"http://{self.address}/behave", json.dumps(behaviour).encode(), method="PUT"
        )
        urllib.request.urlopen(request, timeout=5).close()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def targets() -> Iterator[list[Target]]:
    running: list[Target] = []
    yield running
    for shop in running:
        shop.kill()


@pytest.fixture
def target(targets: list[Target]) -> Target:
    """A well-behaved target: the one of the test before, if that left it alive."""
    if not targets or targets[-1].process.poll() is not None:
        targets.append(Target(f"127.83.{os.getpid() % 250}.7"))
    targets[-1].behave()
    return targets[-1]


@pytest.fixture
def make_plan(target: Target, tmp_path: Path) -> MakePlan:
    def make(**changes: Any) -> TrafficPlan:
        settings: dict[str, Any] = {
            "target": target.address,
            "profile": Constant(rate=60),
            "duration_s": 2.0,
            "results": tmp_path / "results",
            "ledger": tmp_path / "ledger.jsonl",
            "signed_in": 8,
            "products": 1000,
            "customers": 200,
        }
        return TrafficPlan(**settings | changes)

    return make
