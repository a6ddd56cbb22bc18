"""A replica that asks the payment partner: at the checkout, and when it starts."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from jobs_services import eventually
from jobs_shop import ShopProcess
from shop_replica import Replica
from test_shop_checkout import count, stock_of

PROMPT: dict[str, object] = {"delay_ms": 0, "jitter_ms": 0}


def asked(replica: Replica, *, asks: bool = True, timeout_ms: int = 20_000) -> str:
    """The settings of a shop whose partner is on the replica's address."""
    return (
        f'[partner]\nurl = "http://{replica.host}:8200"\ntimeout_ms = {timeout_ms}\n'
        f"asked_at_checkout = {str(asks).lower()}\n"
    )


@pytest.fixture
def partner(own_replica: Replica) -> Iterator[ShopProcess]:
    own_replica.configure(asked(own_replica))
    started = ShopProcess(
        ["partner", str(own_replica.settings), "partner", f"{own_replica.host}:8200", ""],
        own_replica.directory / "partner.log",
        f"http://{own_replica.host}:8200",
    )
    eventually(started.ready, "the partner is ready")
    started.put("/control", PROMPT)
    yield started
    started.kill()


def started(replica: Replica, who: str, product: int) -> dict[str, str]:
    """Start the replica; headers of a customer with one product in the cart."""
    replica.start()
    replica.wait_ready()
    headers = replica.sign_in(who)
    replica.fill_cart(headers, product)
    return headers


def test_the_partner_is_asked_once_for_an_order(own_replica: Replica, partner: ShopProcess) -> None:
    headers, key = started(own_replica, "customer40", 60), uuid4().hex
    first = own_replica.checkout(headers, key)
    assert first.status_code == 201
    partner.kill()
    assert own_replica.checkout(headers, key).text == first.text, "an order that is known needs no partner"


def test_the_partner_counts_questions_and_charges_nothing(own_replica: Replica, partner: ShopProcess) -> None:
    headers = started(own_replica, "customer41", 61)
    assert own_replica.checkout(headers).status_code == 201
    assert partner.metric("partner_tokens_total", outcome="known") == 1
    assert partner.metric("partner_charges_kept") == 0


@pytest.mark.parametrize(
    "control", [{"error_ratio": 1}, {"rate_limit_per_s": 0.000_001}, {"delay_ms": 5000}, None]
)
def test_a_checkout_is_refused_and_nothing_is_kept_while_the_partner_does_not_answer_well(
    own_replica: Replica, partner: ShopProcess, control: dict[str, object] | None
) -> None:
    own_replica.configure(asked(own_replica, timeout_ms=500))
    headers, key = started(own_replica, "customer42", 62), uuid4().hex
    before = stock_of(own_replica, 62)
    if control is None:
        partner.process.send_signal(signal.SIGSTOP)
    else:
        partner.put("/control", PROMPT | control)
    answer = own_replica.checkout(headers, key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "partner_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert stock_of(own_replica, 62) == before
    assert count(own_replica, "idempotency_keys", key=key) == 0
    partner.process.send_signal(signal.SIGCONT)
    partner.put("/control", PROMPT)
    assert own_replica.checkout(headers, key).status_code == 201, "the cart is as it was"


def test_a_connection_is_held_while_the_partner_thinks(own_replica: Replica, partner: ShopProcess) -> None:
    own_replica.configure(asked(own_replica), database="pool_max = 1\npool_timeout_s = 0.2")
    headers = started(own_replica, "customer43", 63)
    partner.put("/control", {"delay_ms": 3000, "jitter_ms": 0})
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(own_replica.checkout, headers)
        eventually(lambda: partner.metric("partner_requests_in_progress") == 1, "the partner thinks")
        refused = own_replica.client.get("/readyz")
        assert (refused.status_code, refused.json()["database"]) == (503, "no free connection")
        assert answer.result().status_code == 201
    assert own_replica.client.get("/readyz").status_code == 200


def test_it_is_asked_and_not_asked_without_a_restart(own_replica: Replica, partner: ShopProcess) -> None:
    own_replica.configure(asked(own_replica, asks=False))
    headers = started(own_replica, "customer44", 64)
    partner.kill()
    assert own_replica.checkout(headers).status_code == 201
    own_replica.configure(asked(own_replica))
    own_replica.reread()
    own_replica.fill_cart(headers, 64)
    assert own_replica.checkout(headers).status_code == 503


def test_a_replica_that_needs_the_partner_starts_when_it_answers(
    own_replica: Replica, partner: ShopProcess
) -> None:
    own_replica.configure(asked(own_replica) + "needed_at_start = true\n")
    headers = started(own_replica, "customer45", 65)
    assert own_replica.checkout(headers).status_code == 201
    assert own_replica.stop() == 0
