import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from jobs_services import Postgres, Valkey, eventually
from shop_replica import PORT, Replica

from drillyard.base.errors import DeadlineError

WATCHED = Path(__file__).parent / "watched_process.py"
ASKED = "timeout_ms = 30000\nasked_at_checkout = true\nneeded_at_start = true\n"
ADMIN_GETS = (
    "/api/admin/orders?page=2",
    "/api/admin/reports/sales?days=30",
    "/api/admin/reports/inventory",
    "/api/admin/reports/customers?days=365",
    "/api/admin/requested-reports/1",
    "/api/admin/chaos",
)
GETS = (
    "/", "/?q=kettle", "/?product=1", "/?category=kitchen", "/api/home", "/api/categories", "/api/products",
    "/api/products?category=garden&sort=newest&page=2", "/api/products/1", "/api/products/999999",
    "/api/products/1/reviews?page=2", "/api/search?q=steel+kettle", "/api/search", "/nothing", "/metrics",
    "/healthz", "/readyz",
)  # fmt: skip


class Company:
    """Every kind of process, each watched."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._said = ""
        host = replica.host
        replica.configure(
            f'[partner]\nurl = "http://{host}:8200"\n{ASKED}'
            f'[mail]\nhost = "{host}"\nport = 1025\nhttp_port = 8025\n'
        )
        self._start("mailsink", 1025)
        self._start("partner", 8200)
        for number, worker_type in enumerate(
            ("payments", "notifications", "inventory", "reports"), start=8101
        ):
            self._start("worker", number, worker_type)
        self._start("web", PORT)

    def _start(self, kind: str, port: int, worker_type: str = "") -> None:
        name = worker_type or kind
        words = ["--kind", kind, "--settings", str(self.replica.settings)]
        words += ["--listen", f"{self.replica.host}:{port}", "--watch", str(self._watch(name))]
        words += ["--type", worker_type] if worker_type else []
        with (self.replica.directory / f"{name}.log").open("w") as output:
            self._processes[name] = subprocess.Popen(
                (sys.executable, str(WATCHED), *words), stdout=output, stderr=output, env={"PATH": "/bin"}
            )

    def _watch(self, name: str) -> Path:
        return self.replica.directory / f"{name}.watch"

    def wait_ready(self) -> None:
        try:
            eventually(self._serving, "the shop serves", deadline_s=60)
        except DeadlineError as error:
            logs = {name: (self.replica.directory / f"{name}.log").read_text() for name in self._processes}
            said = "\n".join(f"{name}: {log[-800:]}" for name, log in logs.items())
            raise AssertionError(f"{error}, last {self._said}\n{said}") from None

    def _serving(self) -> bool:
        for name, process in self._processes.items():
            assert process.poll() is None, (self.replica.directory / f"{name}.log").read_text()
        try:
            for port in (8025, 8200, 8101, 8102, 8103, 8104):
                self._said = f"asked {port}"
                httpx.get(f"http://{self.replica.host}:{port}/healthz")
            answer = self.replica.client.get("/readyz")
            self._said = f"{answer.status_code}: {answer.text}"
            return answer.status_code == 200
        except httpx.TransportError as error:
            self._said += f": {error!r}"
            return False

    def stop(self) -> dict[str, int]:
        """End all; their exit codes."""
        for process in self._processes.values():
            process.terminate()
        codes = {name: process.wait(timeout=20) for name, process in self._processes.items()}
        self._processes.clear()
        return codes

    def wanted(self) -> dict[str, str]:
        """What each process still wanted of the installation."""
        names = [path.stem for path in self.replica.directory.glob("*.watch")]
        return {name: text for name in names if (text := self._watch(name).read_text())}


@pytest.fixture
def company(own_replica: Replica) -> Iterator[Company]:
    with ExitStack() as stack:
        company = Company(own_replica)
        stack.callback(company.stop)
        company.wait_ready()
        yield company


def test_no_process_needs_the_installation_after_preload(
    company: Company, postgres: Postgres, valkey: Valkey
) -> None:
    replica = company.replica
    customer, admin = replica.sign_in("customer2"), replica.sign_in("admin")
    for path in GETS:
        assert replica.client.get(path).status_code < 500, path
    for path in ADMIN_GETS:
        assert replica.client.get(path, headers=admin).status_code in (200, 404), path
    replica.client.post("/api/sessions", json={"email": "customer2@shop.test", "password": "no"})
    replica.client.post("/api/sessions", content=b"{")
    replica.client.put("/api/admin/products/5", json={"price_cents": 999, "stock": 5000}, headers=admin)
    replica.client.put("/api/admin/chaos", json={"rules": []}, headers=admin)
    made = replica.client.post("/api/admin/reports/sales", headers=admin).json()
    replica.fill_cart(customer, 3, 4)
    replica.client.delete("/api/cart/items/4", headers=customer)
    replica.client.get("/api/cart", headers=customer)
    order = replica.checkout(customer).json()
    replica.client.get("/api/orders", headers=customer)

    def settled() -> bool:
        one = replica.client.get(f"/api/orders/{order['order_id']}", headers=customer).json()
        report = replica.client.get(f"/api/admin/requested-reports/{made['report_id']}", headers=admin).json()
        mails = httpx.get(f"http://{replica.host}:8025/messages").json()
        return one["status"] != "placed" and report["finished_at"] is not None and bool(mails)

    eventually(settled, "the order is paid, the mail is sent and the report is made", deadline_s=60)
    newest = replica.client.get("/api/admin/reports/sales/newest", headers=admin)
    assert newest.status_code == 200
    assert company.stop() == dict.fromkeys(
        ("mailsink", "partner", "payments", "notifications", "inventory", "reports", "web"), 0
    )
    assert company.wanted() == {}
