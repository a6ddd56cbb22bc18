import pytest

from storefront.jobs.catalogue import JOBS, message_of, queue_of
from storefront.jobs.middleware import READY_AT, backoff_ms, ready_at_ms
from storefront.jobs.status_server import address_of
from storefront.settings.workers import Retries, Routes


def test_a_message_goes_to_its_family_s_queue_with_the_payload_as_keywords() -> None:
    message = message_of("send_mail", {"order_id": 1, "kind": "shipped"}, Routes(), outbox_id=5)
    assert (message.queue_name, message.actor_name) == ("notifications", "send_mail")
    assert message.kwargs == {"order_id": 1, "kind": "shipped"}
    assert message.options == {"outbox_id": 5}


def test_the_request_id_goes_to_the_options() -> None:
    message = message_of("charge_payment", {"order_id": 1, "request_id": "r"}, Routes())
    assert message.kwargs == {"order_id": 1}
    assert message.options == {"request_id": "r"}


def test_an_unknown_kind_goes_where_it_becomes_a_dead_letter() -> None:
    assert queue_of("nonsense", Routes(payments="p")) == "p"


def test_every_job_has_a_queue() -> None:
    assert {queue_of(name, Routes()) for name in JOBS} == set(Routes().queues())


def test_waits_double_up_to_the_limit() -> None:
    settings = Retries(min_backoff_ms=100, max_backoff_ms=1000, jitter=False)
    assert [backoff_ms(settings, attempts) for attempts in range(6)] == [100, 200, 400, 800, 1000, 1000]


def test_jitter_spreads_waits_and_keeps_the_limit() -> None:
    settings = Retries(min_backoff_ms=100, max_backoff_ms=1000)
    first = [backoff_ms(settings, 0) for _ in range(100)]
    late = [backoff_ms(settings, 30) for _ in range(100)]
    assert 100 <= min(first) < max(first) <= 200
    assert 500 <= min(late) < max(late) <= 1000


def test_no_wait_means_at_once() -> None:
    assert backoff_ms(Retries(min_backoff_ms=0), 10) == 0


def test_a_retried_job_is_as_old_as_its_last_wait_allows() -> None:
    assert ready_at_ms(1000, {}) == 1000
    assert ready_at_ms(1000, {READY_AT: 5000}) == 5000


def test_an_address_is_host_and_port() -> None:
    assert address_of("127.0.0.1:8101") == ("127.0.0.1", 8101)
    for wrong in ("8101", "host:", ":1", "host:x"):
        with pytest.raises(ValueError, match="host:port"):
            address_of(wrong)
