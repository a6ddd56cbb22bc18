"""An order's way through the workers."""

import json

import pytest
from jobs_services import eventually
from jobs_shop import JobsShop


def test_an_order_is_charged_mailed_and_booked(shop: JobsShop) -> None:
    partner, sink = shop.partner(), shop.mailsink()
    workers = {kind: shop.worker(kind) for kind in ("payments", "notifications", "inventory")}
    order = shop.place_order()
    eventually(shop.all_done, "all jobs are done")

    assert shop.order_status(order) == "paid"
    charge = json.loads(partner.get(f"/v1/charges/order-{order}"))
    assert (charge["amount_cents"], charge["status"]) == (1234, "succeeded")
    mails = json.loads(sink.get("/messages?to=customer1@shop.test"))["messages"]
    assert [mail["subject"] for mail in mails] == [f"Your order {order}"]
    assert "12.34 EUR" in mails[0]["text"]
    assert shop.value("SELECT quantity FROM stock_movements WHERE order_id = %s", order) == 2

    payments = workers["payments"]
    assert payments.metric("shop_revenue_cents_total") == 1234
    assert payments.metric("shop_payments_total", outcome="succeeded") == 1
    assert payments.metric("jobs_total", actor="charge_payment", outcome="succeeded") == 1
    assert payments.metric("outbox_relayed_total") == 3
    assert workers["notifications"].metric("shop_mails_sent_total") == 1
    line = next(line for line in payments.lines() if line.get("actor") == "charge_payment")
    assert line["request_id"] == f"req-{order}"
    assert line["process"] == "worker-payments-0"


def test_a_declined_order_is_cancelled_and_its_stock_put_back(shop: JobsShop) -> None:
    shop.partner()
    sink = shop.mailsink()
    for kind in ("payments", "notifications", "inventory"):
        shop.worker(kind)
    before = shop.value("SELECT on_hand FROM stock WHERE product_id = 1")
    order = shop.place_order(token="tok_declined_card")
    eventually(shop.all_done, "all jobs are done")
    assert shop.order_status(order) == "cancelled"
    assert shop.value("SELECT on_hand FROM stock WHERE product_id = 1") == before + 2
    subjects = [mail["subject"] for mail in json.loads(sink.get("/messages"))["messages"]]
    assert subjects == [f"Payment for order {order} was declined"]


def test_running_every_job_again_changes_nothing(shop: JobsShop) -> None:
    shop.partner()
    sink = shop.mailsink()
    workers = [shop.worker(kind) for kind in ("payments", "notifications", "inventory")]
    order = shop.place_order()
    eventually(shop.all_done, "all jobs are done")
    for _ in range(2):
        shop.enqueue("charge_payment", order_id=order)
        shop.enqueue("send_mail", order_id=order, kind="confirmation")
        shop.enqueue("book_sale", order_id=order)
    for worker, actor in zip(workers, ("charge_payment", "send_mail", "book_sale"), strict=True):
        eventually(lambda w=worker, a=actor: w.metric("jobs_total", actor=a) == 3, f"{actor} ran again")
    assert workers[0].metric("shop_payments_total") == 1
    assert json.loads(sink.get("/messages"))["total"] == 1
    assert sink.metric("mailsink_messages_total") == 1
    assert shop.value("SELECT count(*) FROM stock_movements WHERE order_id = %s", order) == 1


def test_a_product_that_runs_low_is_replenished_once(shop: JobsShop) -> None:
    shop.worker("payments")
    shop.worker("inventory")
    with shop.postgres.connection() as connection:
        connection.execute("UPDATE stock SET on_hand = 3, reorder_at = 20 WHERE product_id = 1")
    order = shop.place_order(promise=False)
    shop.enqueue("book_sale", order_id=order)
    shop.enqueue("book_sale", order_id=order)
    eventually(
        lambda: shop.value("SELECT on_hand FROM stock WHERE product_id = 1") == 203, "the delivery came"
    )
    eventually(shop.all_done, "all jobs are done")
    assert shop.value("SELECT on_hand FROM stock WHERE product_id = 1") == 203


@pytest.mark.parametrize("name", ["sales", "inventory", "customers"])
def test_a_report_is_made_and_kept(shop: JobsShop, name: str) -> None:
    shop.worker("reports")
    report = shop.value("INSERT INTO reports (name, days) VALUES (%s, 60) RETURNING id", name)
    shop.enqueue("make_report", report_id=report)
    eventually(
        lambda: shop.value("SELECT finished_at FROM reports WHERE id = %s", report) is not None, "it is made"
    )
    assert len(shop.value("SELECT result FROM reports WHERE id = %s", report)["rows"]) > 3


def test_the_nightly_job_asks_for_every_report(shop: JobsShop) -> None:
    shop.worker("payments")
    shop.worker("reports")
    shop.enqueue("nightly_reports")
    eventually(
        lambda: shop.value("SELECT count(*) FROM reports WHERE finished_at IS NOT NULL") == 3, "three reports"
    )


def test_shipping_tells_the_customer(shop: JobsShop) -> None:
    shop.partner()
    sink = shop.mailsink()
    for kind in ("payments", "notifications", "inventory"):
        shop.worker(kind)
    order = shop.place_order()
    eventually(lambda: shop.order_status(order) == "paid", "it is paid")
    shop.enqueue("ship_order", order_id=order)
    eventually(lambda: json.loads(sink.get("/messages"))["total"] == 2, "the second mail came")
    assert shop.order_status(order) == "shipped"
