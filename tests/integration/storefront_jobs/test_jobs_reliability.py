"""What must hold when processes and servers die, hang and come back."""

import signal

import pytest
from jobs_services import eventually
from jobs_shop import JobsShop, ShopProcess

BEFORE = {"acknowledge": "before"}


def in_partner(partner: ShopProcess) -> float:
    return partner.metric("partner_requests_in_progress")


def test_the_jobs_of_a_worker_that_is_killed_are_done_by_the_next(shop: JobsShop) -> None:
    partner = shop.partner()
    partner.put("/control", {"delay_ms": 800})
    worker = shop.worker("payments")
    orders = [shop.place_order() for _ in range(12)]
    eventually(lambda: in_partner(partner) == 4, "four charges are in work")
    worker.kill()
    partner.put("/control", {})
    shop.worker("payments", 1)
    eventually(lambda: all(shop.order_status(order) == "paid" for order in orders), "all are paid")
    assert partner.metric("partner_charges_kept") == 12


def test_the_jobs_in_work_of_a_killed_worker_that_acknowledged_them_before_are_gone(shop: JobsShop) -> None:
    shop.configure(
        {"partner": {"timeout_ms": 20000}, "workers": {"payments": BEFORE, "outbox": {"resend_after_s": 5}}}
    )
    partner = shop.partner()
    partner.put("/control", {"delay_ms": 15000})
    worker = shop.worker("payments")
    orders = [shop.place_order() for _ in range(12)]
    eventually(lambda: in_partner(partner) == 4, "four charges are in work")
    worker.kill()
    partner.put("/control", {})
    shop.worker("payments", 1)

    def paid() -> int:
        return sum(shop.order_status(order) == "paid" for order in orders)

    eventually(lambda: paid() == 8, "what was not begun is paid")
    charges = "FROM outbox WHERE kind = 'charge_payment'"
    eventually(lambda: shop.value(f"SELECT count(*) {charges} AND done_at IS NULL") == 0, "all are done")
    eventually(
        lambda: shop.value(f"SELECT now() - max(sent_at) > interval '10 seconds' {charges}"), "long ago"
    )
    assert paid() == 8
    assert shop.state("payments").depth == 0


def test_a_job_that_was_acknowledged_before_is_tried_again_while_its_worker_lives(shop: JobsShop) -> None:
    shop.configure({"workers": {"payments": BEFORE}})
    partner = shop.partner()
    partner.put("/control", {"error_ratio": 1})
    worker = shop.worker("payments")
    orders = [shop.place_order() for _ in range(3)]
    eventually(lambda: worker.metric("job_retries_total") >= 3, "each was tried")
    partner.put("/control", {})
    eventually(lambda: all(shop.order_status(order) == "paid" for order in orders), "all are paid")
    assert partner.metric("partner_charges_kept") == 3
    eventually(lambda: shop.state("payments").depth == 0, "nothing is left behind")


@pytest.mark.parametrize("payments", [{}, BEFORE])
def test_a_worker_that_is_told_to_stop_finishes_its_jobs_and_gives_back_the_rest(
    shop: JobsShop, payments: dict[str, str]
) -> None:
    shop.configure(
        {"partner": {"timeout_ms": 20000}, "workers": {"stop_timeout_ms": 20000, "payments": payments}}
    )
    partner = shop.partner()
    partner.put("/control", {"delay_ms": 300})
    worker = shop.worker("payments")
    orders = [shop.place_order() for _ in range(60)]
    eventually(lambda: in_partner(partner) == 4, "four charges are in work")
    eventually(
        lambda: shop.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0, "all are handed over"
    )
    assert worker.stop() == 0
    paid = sum(shop.order_status(order) == "paid" for order in orders)
    assert paid + shop.state("payments").depth == len(orders)
    partner.put("/control", {})
    shop.worker("payments", 1)
    eventually(lambda: all(shop.order_status(order) == "paid" for order in orders), "all are paid")
    assert partner.metric("partner_charges_total", outcome="repeated") == 0


def test_stopping_is_bounded_when_a_job_does_not_end(shop: JobsShop) -> None:
    shop.configure({"partner": {"timeout_ms": 20000}, "workers": {"stop_timeout_ms": 500}})
    partner = shop.partner()
    partner.put("/control", {"delay_ms": 60000})
    worker = shop.worker("payments")
    shop.place_order()
    eventually(lambda: in_partner(partner) == 1, "the charge is in work")
    assert worker.stop() == 0


def test_a_stop_in_a_storm_of_reloads_is_heard(shop: JobsShop) -> None:
    worker = shop.worker("payments")
    for _ in range(200):
        worker.process.send_signal(signal.SIGHUP)
    assert worker.stop() == 0


def test_orders_keep_their_jobs_while_valkey_is_away(shop: JobsShop) -> None:
    shop.partner()
    worker = shop.worker("payments")
    shop.valkey.kill()
    orders = [shop.place_order() for _ in range(5)]
    eventually(lambda: worker.metric("queue_up") == 0, "the worker knows")
    assert shop.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 5
    shop.valkey.start()
    eventually(lambda: all(shop.order_status(order) == "paid" for order in orders), "all are paid")
    assert worker.ready()


def test_jobs_that_valkey_forgot_are_handed_over_again(shop: JobsShop) -> None:
    partner = shop.partner()
    partner.put("/control", {"delay_ms": 900})
    worker = shop.worker("payments")
    orders = [shop.place_order() for _ in range(12)]
    eventually(lambda: in_partner(partner) == 4, "four charges are in work")
    eventually(
        lambda: shop.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0, "all are handed over"
    )
    shop.valkey.kill()
    partner.put("/control", {})
    shop.valkey.start()
    eventually(lambda: all(shop.order_status(order) == "paid" for order in orders), "all are paid")
    assert partner.metric("partner_charges_kept") == 12
    eventually(lambda: worker.metric("outbox_resent_total") > 0, "the worker says so")


@pytest.mark.parametrize("durable", [True])
def test_retries_that_wait_survive_a_restart_of_valkey(shop: JobsShop) -> None:
    shop.configure({"workers": {"payments": {"retries": {"min_backoff_ms": 1500, "max_backoff_ms": 1500}}}})
    partner = shop.partner()
    partner.put("/control", {"error_ratio": 1})
    worker = shop.worker("payments")
    orders = [shop.place_order() for _ in range(5)]
    eventually(lambda: worker.metric("job_retries_total") >= 5, "each was tried")
    shop.valkey.kill()
    partner.put("/control", {})
    shop.valkey.start()
    eventually(lambda: all(shop.order_status(order) == "paid" for order in orders), "all are paid")


def test_a_valkey_that_hangs_loses_no_job(shop: JobsShop) -> None:
    shop.partner()
    worker = shop.worker("payments")
    orders = [shop.place_order() for _ in range(3)]
    eventually(lambda: all(shop.order_status(order) == "paid" for order in orders), "all are paid")
    shop.valkey.signal(signal.SIGSTOP)
    orders = [shop.place_order() for _ in range(6)]
    eventually(lambda: any(line["event"] == "outbox waits" for line in worker.lines()), "the relay noticed")
    shop.valkey.signal(signal.SIGCONT)
    eventually(lambda: all(shop.order_status(order) == "paid" for order in orders), "all are paid")
    eventually(lambda: shop.state("payments").depth == 0, "nothing is left behind")


def test_jobs_wait_for_a_database_that_is_away(shop: JobsShop) -> None:
    shop.partner()
    worker = shop.worker("payments")
    order = shop.place_order(promise=False)
    shop.postgres.stop()
    shop.enqueue("charge_payment", order_id=order)
    eventually(lambda: worker.metric("jobs_total", outcome="failed") >= 1, "it was tried")
    shop.postgres.start()
    eventually(lambda: shop.order_status(order) == "paid", "it is paid")
    promised = shop.place_order()
    eventually(lambda: shop.order_status(promised) == "paid", "the relay is back too")


def test_a_second_relay_hands_nothing_over_twice(shop: JobsShop) -> None:
    partner = shop.partner()
    workers = [shop.worker("payments", number) for number in (0, 1)]
    orders = [shop.place_order() for _ in range(40)]
    eventually(lambda: all(shop.order_status(order) == "paid" for order in orders), "all are paid")
    follow_ups = 2 * len(orders)
    relayed = len(orders) + follow_ups
    eventually(
        lambda: sum(worker.metric("outbox_relayed_total") for worker in workers) == relayed, "all handed over"
    )
    assert partner.metric("partner_charges_total", outcome="repeated") == 0
