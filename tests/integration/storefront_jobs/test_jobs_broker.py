"""What our broker adds to Dramatiq's, seen one step at a time."""

from typing import Any

import pytest
from dramatiq.errors import BrokerConnectionError
from dramatiq.message import Message
from jobs_services import eventually
from jobs_shop import JobsShop

from storefront.jobs.broker import ShopBroker


def message(number: int) -> Message[Any]:
    return Message("payments", "charge_payment", (), {"order_id": number}, {})


def taken(consumer: Any) -> list[int]:
    """The order ids of all messages that can be had now."""
    found = []
    while (proxy := next(consumer)) is not None:
        found.append(proxy.kwargs["order_id"])
    return found


@pytest.fixture
def broker(shop: JobsShop) -> ShopBroker:
    return shop.broker


def test_a_message_whose_fetch_got_lost_is_given_back_and_one_in_work_is_not(broker: ShopBroker) -> None:
    consumer = broker.consume("payments", prefetch=10, timeout=10)
    broker.enqueue(message(1))
    in_work = next(consumer)
    assert in_work is not None
    broker.enqueue(message(2))
    assert len(broker.do_fetch("payments", 1)) == 1
    found: list[int] = []
    eventually(lambda: bool(found.extend(taken(consumer)) or found), "the lost message comes")
    assert found == [2]
    consumer.ack(in_work)


def test_delayed_messages_that_a_broken_connection_dropped_come_again(broker: ShopBroker) -> None:
    consumer = broker.consume("payments.DQ", prefetch=10, timeout=10)
    for number in (1, 2):
        broker.enqueue(message(number), delay=60_000)
    assert taken(consumer) == [1, 2]
    assert taken(consumer) == []
    again = broker.consume("payments.DQ", prefetch=10, timeout=10)
    assert sorted(taken(again)) == [1, 2]


def test_messages_of_a_dead_process_are_given_to_another(shop: JobsShop, broker: ShopBroker) -> None:
    broker.enqueue(message(1))
    assert taken(broker.consume("payments", prefetch=10, timeout=10)) == [1]
    heir = shop.broker.consume("payments", prefetch=10, timeout=10)
    found: list[int] = []
    eventually(lambda: bool(found.extend(taken(heir)) or found), "the heir gets it")
    assert found == [1]


def test_a_message_that_is_acknowledged_early_is_gone_with_its_process(
    shop: JobsShop, broker: ShopBroker
) -> None:
    consumer = broker.consume("payments", prefetch=10, timeout=10)
    for number in (1, 2):
        broker.enqueue(message(number))
    begun, waiting = next(consumer), next(consumer)
    assert begun is not None
    assert waiting is not None
    broker.acknowledge_early(begun)
    broker.acknowledge_early(begun)  # an answer got lost
    heir = shop.broker.consume("payments", prefetch=10, timeout=10)
    found: list[int] = []
    eventually(lambda: bool(found.extend(taken(heir)) or found), "the heir gets what was not begun")
    assert found == [2]


def test_a_later_acknowledgement_of_it_does_nothing(shop: JobsShop, broker: ShopBroker) -> None:
    consumer = broker.consume("payments", prefetch=10, timeout=10)
    broker.enqueue(message(1))
    begun = next(consumer)
    assert begun is not None
    broker.acknowledge_early(begun)
    assert shop.state("payments").depth == 0
    consumer.ack(begun)
    assert (broker.let_go, broker.held["payments"]) == (set(), set())
    assert taken(consumer) == []
    state = shop.state("payments")
    assert (state.depth, state.dead) == (0, 0)


def test_one_that_was_acknowledged_early_can_still_become_a_dead_letter(
    shop: JobsShop, broker: ShopBroker
) -> None:
    consumer = broker.consume("payments", prefetch=10, timeout=10)
    broker.enqueue(message(1))
    begun = next(consumer)
    assert begun is not None
    broker.acknowledge_early(begun)
    consumer.nack(begun)
    state = shop.state("payments")
    assert (state.depth, state.dead) == (0, 1)
    assert [letter.arguments for letter in shop.queues.dead_letters("payments")] == [{"order_id": 1}]
    assert (broker.let_go, broker.held["payments"]) == (set(), set())


def test_a_server_that_is_away_or_full_is_a_broken_connection(shop: JobsShop, broker: ShopBroker) -> None:
    with shop.valkey.client() as client:
        client.config_set("maxmemory", "1")
        with pytest.raises(BrokerConnectionError):
            broker.enqueue(message(1))
    shop.valkey.kill()
    with pytest.raises(BrokerConnectionError):
        broker.enqueue(message(1))
