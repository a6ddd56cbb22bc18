"""One web replica in a process of its own, and a customer's view of it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
from jobs_services import Postgres, Valkey, own_address

from drillyard.base.clock import wait_until

PORT = 8001
UNHURRIED = "timeout_ms = 3000"
"""A machine that is busy with other tests must not look like a cache that is away."""
BASE = """
[database]
dsn = "{dsn}"
pool_min = 1
{database}
[cache]
url = "{url}"
{cache}
[workers.outbox]
poll_ms = 100
"""


class Replica:
    """Started with `python -m storefront web`, from settings that a test can rewrite."""

    def __init__(self, directory: Path, postgres: Postgres, valkey: Valkey) -> None:
        self.directory = directory
        self.postgres = postgres
        self.valkey = valkey
        self.host = own_address()
        self.settings = directory / "storefront.toml"
        self.sql = directory / "sql"
        self.sql.mkdir()
        self._log = directory / "replica.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(base_url=f"http://{self.host}:{PORT}", timeout=20)
        self.configure()

    def configure(self, more: str = "", *, database: str = "", cache: str = UNHURRIED) -> None:
        """Write the settings; `database` and `cache` are lines of those tables, `more` whole tables."""
        base = BASE.format(dsn=self.postgres.dsn, url=self.valkey.url, database=database, cache=cache)
        self.settings.write_text(base.replace("pool_min = 1", 'pool_min = 1\nsql_directory = "sql"') + more)

    def start(self, *command: str) -> None:
        arguments = command or ("-m", "storefront", "web")
        with self._log.open("a") as output:
            self._process = subprocess.Popen(
                (
                    sys.executable,
                    *arguments,
                    "--settings",
                    str(self.settings),
                    "--listen",
                    f"{self.host}:{PORT}",
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"PATH": "/usr/bin:/bin"},
            )
        wait_until(self._answers, deadline_s=30, what="the replica answers", every_s=0.05)

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log()
        try:
            return self.client.get("/readyz").status_code in (200, 503)
        except httpx.TransportError:
            return False

    def wait_ready(self) -> None:
        wait_until(
            lambda: self.client.get("/readyz").status_code == 200, deadline_s=20, what="ready", every_s=0.05
        )

    def stop(self, deadline_s: float = 15) -> int:
        """End it; its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=deadline_s)
        self._process = None
        return code

    @contextmanager
    def running(self) -> Iterator[None]:
        self.start()
        try:
            self.wait_ready()
            yield
        finally:
            self.stop()

    def signal(self, signum: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(signum)

    def wait_exit(self) -> int:
        assert self._process
        code = self._process.wait(timeout=20)
        self._process = None
        return code

    def log(self) -> str:
        return self._log.read_text()

    def reread(self) -> None:
        """SIGHUP, and wait until the replica has said what it made of it."""
        before = self.log().count("settings taken") + self.log().count("settings not taken")
        self.signal(signal.SIGHUP)
        wait_until(
            lambda: self.log().count("settings taken") + self.log().count("settings not taken") > before,
            deadline_s=10,
            what="the settings are read again",
        )

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels."""
        total = 0.0
        for line in self.client.get("/metrics").text.splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if (
                match
                and match[1] == name
                and all(f'{key}="{value}"' in match[2] for key, value in labels.items())
            ):
                total += float(match[3])
        return total

    def sign_in(self, who: str = "customer1") -> dict[str, str]:
        """Headers of somebody who is signed in."""
        answer = self.client.post(
            "/api/sessions", json={"email": f"{who}@shop.test", "password": "drillyard"}
        )
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def fill_cart(self, headers: dict[str, str], *products: int, quantity: int = 1) -> None:
        for product in products:
            answer = self.client.put(
                f"/api/cart/items/{product}", json={"quantity": quantity}, headers=headers
            )
            assert answer.status_code == 200, answer.text

    def checkout(self, headers: dict[str, str], key: str | None = None) -> httpx.Response:
        sent = headers | {"Idempotency-Key": key or uuid4().hex}
        return self.client.post("/api/checkout", json={"payment_token": "tok_good"}, headers=sent)
