"""The shop's background processes under test, started as whoever runs a range would."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import tomlkit
from jobs_services import Postgres, Valkey, eventually, own_address

from storefront.jobs.broker import ShopBroker, make_broker, make_client
from storefront.jobs.catalogue import message_of
from storefront.jobs.queues import Queues, QueueState
from storefront.settings import Settings, load

RUN = """\
import sys
from storefront.processes import run
kind, settings, instance, listen, worker_type = sys.argv[1:]
run(kind, settings, instance=instance, listen=listen, worker_type=worker_type or None)
"""
PORTS = {"payments": 8101, "notifications": 8102, "inventory": 8103, "reports": 8104}


class ShopProcess:
    def __init__(self, argv: list[str], log: Path, url: str) -> None:
        self.log = log
        self.url = url
        with log.open("a") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, *argv],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.defpath},
            )

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as response:
            return str(response.read(), "utf-8")

    def put(self, path: str, body: dict[str, object]) -> None:
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(body).encode(), method="PUT")
        with urllib.request.urlopen(request, timeout=5) as response:
            assert response.status == 200

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            self.get("/healthz")
        except OSError:
            return False
        return True

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's series that carry these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        total = 0.0
        for line in self.get("/metrics").splitlines():
            series, _, value = line.rpartition(" ")
            if series.split("{")[0] == name and all(label in series for label in wanted):
                total += float(value)
        return total

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        return self.process.wait(timeout=50)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)


class JobsShop:
    """The shop's background side on real servers; a test starts the processes that it needs."""

    def __init__(self, directory: Path, postgres: Postgres, valkey: Valkey) -> None:
        self.directory = directory
        self.postgres = postgres
        self.valkey = valkey
        self.host = own_address()
        self.path = directory / "storefront.toml"
        self._processes: list[ShopProcess] = []
        self._base: dict[str, Any] = {
            "database": {"dsn": postgres.dsn},
            "cache": {"url": valkey.url},
            "partner": {"url": f"http://{self.host}:8200", "timeout_ms": 1000},
            "mail": {"host": self.host},
            "observability": {"logs": {"level": "info"}},
            "workers": {
                "heartbeat_timeout_ms": 1000,
                "idle_poll_ms": 50,
                "outbox": {"poll_ms": 100},
                "payments": {"retries": {"min_backoff_ms": 50, "max_backoff_ms": 200}},
                "notifications": {"retries": {"min_backoff_ms": 50, "max_backoff_ms": 200}},
            },
        }
        self.configure({})

    def configure(self, changes: dict[str, Any]) -> None:
        def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
            both = dict(base)
            for key, value in over.items():
                both[key] = merged(base[key], value) if isinstance(base.get(key), dict) else value
            return both

        self.path.write_text(tomlkit.dumps(merged(self._base, changes)))

    @property
    def settings(self) -> Settings:
        return load(self.path)

    @property
    def broker(self) -> ShopBroker:
        return make_broker(self.settings)

    @property
    def queues(self) -> Queues:
        return Queues(make_client(self.settings), self.settings.workers.namespace)

    def state(self, queue: str) -> QueueState:
        return self.queues.state(queue)

    def enqueue(self, job: str, **payload: object) -> None:
        self.broker.enqueue(message_of(job, payload, self.settings.workers.routes))

    def _start(
        self, kind: str, instance: str, port: int, http_port: int, worker_type: str = ""
    ) -> ShopProcess:
        started = ShopProcess(
            [kind, str(self.path), instance, f"{self.host}:{port}", worker_type],
            self.directory / f"{instance}.log",
            f"http://{self.host}:{http_port}",
        )
        self._processes.append(started)
        eventually(started.ready, f"{instance} is ready")
        return started

    def worker(self, worker_type: str, number: int = 0) -> ShopProcess:
        port = PORTS[worker_type] + 100 * number
        return self._start("worker", f"worker-{worker_type}-{number}", port, port, worker_type)

    def partner(self) -> ShopProcess:
        return self._start("partner", "partner", 8200, 8200)

    def mailsink(self) -> ShopProcess:
        return self._start("mailsink", "mailsink", 1025, 8025)

    def place_order(self, *, token: str = "tok_visa", promise: bool = True) -> int:
        """An order as checkout writes it."""
        with self.postgres.connection() as connection, connection.transaction():
            order = connection.execute(
                "INSERT INTO orders (customer_id, amount_cents) VALUES (1, 1234) RETURNING id"
            ).fetchone()
            assert order
            connection.execute(
                "INSERT INTO order_lines (order_id, product_id, quantity, price_cents)"
                " VALUES (%s, 1, 2, 617)",
                [order["id"]],
            )
            connection.execute(
                "INSERT INTO payments (order_id, token, amount_cents, currency) VALUES (%s, %s, 1234, 'EUR')",
                [order["id"], token],
            )
            if promise:
                payload = json.dumps({"order_id": order["id"], "request_id": f"req-{order['id']}"})
                connection.execute(
                    "INSERT INTO outbox (kind, payload) VALUES ('charge_payment', %s)", [payload]
                )
            return int(order["id"])

    def value(self, query: str, *parameters: object) -> Any:
        with self.postgres.connection() as connection:
            row = connection.execute(query.encode(), parameters).fetchone()
        return next(iter(row.values())) if row else None

    def order_status(self, order_id: int) -> str:
        return str(self.value("SELECT status FROM orders WHERE id = %s", order_id))

    def wait_paid(self, order_id: int) -> None:
        """Wait until an order is paid."""
        eventually(lambda: self.order_status(order_id) == "paid", f"order {order_id} is paid")

    def all_done(self) -> bool:
        """Whether every promised job has ended."""
        return bool(self.value("SELECT count(*) FROM outbox WHERE done_at IS NULL") == 0)

    def stop(self) -> None:
        for started in self._processes:
            if started.process.poll() is None:
                started.process.kill()
                started.process.wait(timeout=10)
