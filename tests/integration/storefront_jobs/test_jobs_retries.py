"""Retries, dead letters, queues: what a learner sees and sets."""

import json
import signal
import subprocess
import sys

import pytest
from jobs_services import eventually
from jobs_shop import JobsShop

POISON = {"order_id": -1}


def shell(shop: JobsShop, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "storefront", *arguments, "--settings", str(shop.path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("acknowledge", ["after", "before"])
def test_a_poison_message_is_tried_as_often_as_set_and_then_a_dead_letter(
    shop: JobsShop, acknowledge: str
) -> None:
    shop.configure({"workers": {"payments": {"acknowledge": acknowledge, "retries": {"max_retries": 2}}}})
    worker = shop.worker("payments")
    shell(shop, "enqueue", "charge_payment", json.dumps(POISON))
    eventually(lambda: worker.metric("queue_dead_letters", queue="payments") == 1, "it is a dead letter")
    assert worker.metric("jobs_total", actor="charge_payment", outcome="failed") == 2
    assert worker.metric("jobs_total", actor="charge_payment", outcome="dead") == 1
    assert worker.metric("job_retries_total") == 2
    (letter,) = shop.queues.dead_letters("payments")
    assert (letter.actor, letter.arguments, letter.attempts) == ("charge_payment", POISON, 3)
    assert letter.error == "UnknownSubjectError: order -1 has no payment"
    line = next(line for line in worker.lines() if line.get("outcome") == "dead")
    assert line["arguments"] == POISON
    assert "exception" not in line


def test_dead_letters_are_listed_requeued_and_dropped_from_the_shell(shop: JobsShop) -> None:
    shop.configure({"workers": {"payments": {"retries": {"max_retries": 0}}}})
    partner = shop.partner()
    partner.put("/control", {"error_ratio": 1})
    shop.worker("payments")
    order = shop.place_order(promise=False)
    shell(shop, "enqueue", "charge_payment", json.dumps({"order_id": order}))
    shell(shop, "enqueue", "charge_payment", json.dumps(POISON))
    eventually(lambda: shop.state("payments").dead == 2, "both are dead letters")
    listed = shell(shop, "deadletters")
    assert "the partner answered 500" in listed
    assert "order -1 has no payment" in listed
    partner.put("/control", {})
    assert shell(shop, "deadletters", "requeue", "--actor", "charge_payment") == "requeue: 2\n"
    eventually(lambda: shop.order_status(order) == "paid", "the good one is paid")
    eventually(lambda: shop.state("payments").dead == 1, "the poison is back")
    assert shell(shop, "deadletters", "drop") == "drop: 1\n"
    assert shop.queues.dead_letters("payments") == []


def test_a_job_of_an_unknown_kind_is_a_dead_letter_and_its_row_is_done(shop: JobsShop) -> None:
    shop.worker("payments")
    shop.value("INSERT INTO outbox (kind) VALUES ('no_such_job') RETURNING id")
    eventually(lambda: shop.state("payments").dead == 1, "it is a dead letter")
    eventually(shop.all_done, "the row is done")


def test_endless_immediate_retries_burn_and_can_be_repaired_by_a_reload(shop: JobsShop) -> None:
    endless = {"max_retries": -1, "min_backoff_ms": 0, "max_backoff_ms": 0}
    shop.configure({"workers": {"payments": {"retries": endless}}})
    worker = shop.worker("payments")
    shop.enqueue("charge_payment", **POISON)
    eventually(lambda: worker.metric("job_retries_total") > 100, "it is tried again and again")
    shop.configure({"workers": {"payments": {"retries": {"max_retries": 3}}}})
    worker.process.send_signal(signal.SIGHUP)
    eventually(lambda: shop.state("payments").dead == 1, "it is a dead letter")


def test_a_reload_with_a_wrong_file_changes_nothing(shop: JobsShop) -> None:
    shop.partner()
    worker = shop.worker("payments")
    shop.path.write_text(shop.path.read_text() + "\n[nonsense]\n")
    worker.process.send_signal(signal.SIGHUP)
    eventually(lambda: any(line["event"] == "settings not taken" for line in worker.lines()), "it says so")
    shop.configure({})
    order = shop.place_order()
    eventually(lambda: shop.order_status(order) == "paid", "it works on")


def test_with_one_queue_for_everything_a_slow_job_holds_up_payments(shop: JobsShop) -> None:
    queue = {"queues": ["all"], "concurrency": 1}
    kinds = ("payments", "notifications", "inventory", "reports")
    shop.configure({"workers": {"routes": dict.fromkeys(kinds, "all")} | dict.fromkeys(kinds, queue)})
    partner = shop.partner()
    worker = shop.worker("payments")
    with shop.postgres.connection() as lock, lock.transaction():
        lock.execute("LOCK TABLE reviews IN ACCESS EXCLUSIVE MODE")
        report = shop.value("INSERT INTO reports (name) VALUES ('customers') RETURNING id")
        shop.enqueue("make_report", report_id=report)
        eventually(lambda: worker.metric("jobs_in_progress", actor="make_report") == 1, "the report runs")
        order = shop.place_order()
        eventually(lambda: shop.state("all").depth == 2, "the payment waits behind it")
        assert partner.metric("partner_charges_total") == 0
        assert worker.metric("queue_depth", queue="all") == 2
        eventually(
            lambda: worker.metric("queue_oldest_message_age_seconds", queue="all") > 0.5, "the queue ages"
        )
    eventually(lambda: shop.order_status(order) == "paid", "it is paid after all")


def test_each_failure_of_the_partner_has_its_reason(shop: JobsShop) -> None:
    shop.configure({"partner": {"timeout_ms": 100}})
    partner = shop.partner()
    worker = shop.worker("payments")

    def fails(reason: str, control: dict[str, object]) -> None:
        partner.put("/control", control)
        shop.place_order()
        eventually(lambda: worker.metric("shop_payment_failures_total", reason=reason) > 0, reason)

    prompt: dict[str, object] = {"delay_ms": 0, "jitter_ms": 0}
    fails("partner_error", prompt | {"error_ratio": 1})
    fails("timeout", {"delay_ms": 2000})
    fails("rate_limited", prompt | {"rate_limit_per_s": 0.001})
    partner.kill()
    shop.place_order()
    eventually(lambda: worker.metric("shop_payment_failures_total", reason="unreachable") > 0, "unreachable")


def test_a_charge_whose_answer_came_too_late_is_made_once(shop: JobsShop) -> None:
    shop.configure({"partner": {"timeout_ms": 150}})
    partner = shop.partner()
    partner.put("/control", {"delay_ms": 400})
    worker = shop.worker("payments")
    order = shop.place_order()
    eventually(lambda: worker.metric("shop_payment_failures_total", reason="timeout") > 0, "too late")
    partner.put("/control", {"delay_ms": 0, "jitter_ms": 0})
    eventually(lambda: shop.order_status(order) == "paid", "it is paid")
    charges = json.loads(partner.get("/v1/statement"))["charges"]
    assert len([charge for charge in charges if charge["key"] == f"order-{order}"]) == 1


def test_with_a_key_for_each_attempt_it_is_made_again(shop: JobsShop) -> None:
    shop.configure({"partner": {"timeout_ms": 150, "charge_key": "attempt"}})
    partner = shop.partner()
    partner.put("/control", {"delay_ms": 400})
    worker = shop.worker("payments")
    order = shop.place_order()
    eventually(lambda: worker.metric("shop_payment_failures_total", reason="timeout") > 0, "too late")
    partner.put("/control", {"delay_ms": 0, "jitter_ms": 0})
    shop.wait_paid(order)
    eventually(lambda: partner.metric("partner_requests_in_progress") == 0, "the first is made too")
    charges = json.loads(partner.get("/v1/statement"))["charges"]
    own = [charge for charge in charges if charge["reference"] == f"order {order}"]
    assert len(own) > 1
    assert len({charge["key"] for charge in own}) == len(own)
    assert {charge["status"] for charge in own} == {"succeeded"}


def test_mails_wait_for_the_mail_server(shop: JobsShop) -> None:
    shop.configure({"workers": {"notifications": {"retries": {"max_retries": 1000}}}})
    worker = shop.worker("notifications")
    order = shop.place_order(promise=False)
    shop.enqueue("send_mail", order_id=order, kind="confirmation")
    eventually(lambda: worker.metric("jobs_total", outcome="failed") >= 1, "it was tried")
    assert shop.value("SELECT count(*) FROM mails_sent WHERE order_id = %s", order) == 0
    sink = shop.mailsink()
    eventually(lambda: json.loads(sink.get("/messages"))["total"] == 1, "the mail came")


def test_a_job_that_runs_too_long_is_interrupted(shop: JobsShop) -> None:
    shop.configure(
        {"workers": {"reports": {"time_limit_ms": 500, "retries": {"max_retries": 0, "min_backoff_ms": 0}}}}
    )
    worker = shop.worker("reports")
    with shop.postgres.connection() as lock, lock.transaction():
        lock.execute("LOCK TABLE reviews IN ACCESS EXCLUSIVE MODE")
        report = shop.value("INSERT INTO reports (name) VALUES ('customers') RETURNING id")
        shop.enqueue("make_report", report_id=report)
        eventually(lambda: worker.metric("queue_dead_letters", queue="reports") == 1, "it is given up")


def test_the_shell_shows_the_queues_and_refuses_what_is_wrong(shop: JobsShop) -> None:
    assert "payments" in shell(shop, "queues")
    states = json.loads(shell(shop, "queues", "--json"))
    assert [state["depth"] for state in states] == [0, 0, 0, 0]
    for arguments, message in (
        (("enqueue", "no_such_job", "{}"), "There is no job 'no_such_job'"),
        (("enqueue", "charge_payment", "{"), "not JSON"),
        (("enqueue", "charge_payment", "[]"), "JSON object"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "storefront", *arguments, "--settings", str(shop.path)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 2
        assert message in done.stderr
