"""The partner and the mail sink as processes."""

import json
import smtplib

import pytest
from jobs_shop import JobsShop, ShopProcess


@pytest.fixture(params=["partner", "mailsink"])
def service(request: pytest.FixtureRequest, shop: JobsShop) -> ShopProcess:
    return shop.partner() if request.param == "partner" else shop.mailsink()


def test_a_worker_whose_address_is_taken_says_so_in_one_line(shop: JobsShop) -> None:
    shop.worker("reports")
    log = shop.directory / "second.log"
    second = ShopProcess(["worker", str(shop.path), "second", f"{shop.host}:8104", "reports"], log, "")
    assert second.process.wait(timeout=60) == 1
    (line,) = second.lines()
    assert (line["event"], line["listen"]) == ("cannot listen", f"{shop.host}:8104")


def test_only_a_payments_worker_needs_the_partner_at_its_start(shop: JobsShop) -> None:
    shop.configure({"partner": {"needed_at_start": True, "timeout_ms": 100}})
    shop.worker("reports")
    log = shop.directory / "needy.log"
    needy = ShopProcess(["worker", str(shop.path), "needy", f"{shop.host}:8101", "payments"], log, "")
    assert needy.process.wait(timeout=60) == 1
    said = f"the payment partner at http://{shop.host}:8200 does not answer within 100 ms"
    assert log.read_text() == f"needy cannot start: {said} (partner.needed_at_start)\n"
    shop.configure({"partner": {"needed_at_start": True, "timeout_ms": 30000}})
    shop.partner()
    order = shop.place_order()
    shop.worker("payments")
    shop.wait_paid(order)


def test_it_stops_when_told_and_leaves_its_address_free(shop: JobsShop, service: ShopProcess) -> None:
    assert service.stop() == 0
    again = shop.partner() if "partner" in service.log.name else shop.mailsink()
    assert "process_resident_memory_bytes" in again.get("/metrics")


def test_an_address_that_is_taken_is_said(shop: JobsShop, service: ShopProcess) -> None:
    kind = "partner" if "partner" in service.log.name else "mailsink"
    port = 8200 if kind == "partner" else 1025
    log = shop.directory / "second.log"
    second = ShopProcess([kind, str(shop.path), "second", f"{shop.host}:{port}", ""], log, "")
    assert second.process.wait(timeout=60) != 0
    assert "in use" in log.read_text()


def test_the_partner_keeps_its_charges_over_a_kill(shop: JobsShop) -> None:
    kept = shop.directory / "charges"
    kept.mkdir()
    shop.configure({"partner": {"directory": str(kept)}})
    partner = shop.partner()
    worker = shop.worker("payments")
    order = shop.place_order()
    shop.wait_paid(order)
    partner.kill()
    again = shop.partner()
    assert json.loads(again.get(f"/v1/charges/order-{order}"))["status"] == "succeeded"
    assert worker.ready()


def test_a_mail_that_is_too_large_is_refused_by_the_sink(shop: JobsShop) -> None:
    sink = shop.mailsink()
    with (
        smtplib.SMTP(shop.host, 1025, timeout=30) as connection,
        pytest.raises(smtplib.SMTPSenderRefused) as refused,
    ):
        connection.sendmail("a@shop.test", ["b@shop.test"], "x" * 100_000)
    assert refused.value.smtp_code == 552
    assert json.loads(sink.get("/messages"))["total"] == 0
