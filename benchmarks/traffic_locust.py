"""Locust's side of `benchmarks/traffic.py`; run by it, with the file for the figures in LOCUST_FIGURES.

CPU time is counted between the start and the stop of the test, so that Locust's imports are not held against
it.
"""

import json
import os
import random
import time
from pathlib import Path
from typing import Any

from locust import constant_throughput, events, task
from locust.contrib.fasthttp import FastHttpUser

PER_USER = float(os.environ.get("LOCUST_PER_USER", "0"))
latencies_ms: list[float] = []
begun: dict[str, float] = {}


class Customer(FastHttpUser):  # type: ignore[misc]  # its class is untyped
    """Looks at product pages, as fast as it can or at a constant throughput."""

    if PER_USER:
        wait_time = constant_throughput(PER_USER)

    @task
    def product(self) -> None:
        """One page."""
        self.client.get(f"/api/products/{random.randint(1, 50_000)}", name="product")


@events.test_start.add_listener
def _begin(**_: Any) -> None:
    begun.update(cpu=time.process_time(), wall=time.monotonic())


@events.request.add_listener
def _count(response_time: float, exception: object, **_: Any) -> None:
    if exception is None:
        latencies_ms.append(response_time)


@events.test_stop.add_listener
def _end(**_: Any) -> None:
    figures = {
        "cpu_s": time.process_time() - begun["cpu"],
        "wall_s": time.monotonic() - begun["wall"],
        "latencies_ms": latencies_ms,
    }
    Path(os.environ["LOCUST_FIGURES"]).write_text(json.dumps(figures))
