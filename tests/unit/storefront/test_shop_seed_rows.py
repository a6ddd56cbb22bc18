import random
from collections import Counter

import pytest

from storefront.seed import rows
from storefront.seed.shapes import Sizes, Zipf, times

NEWEST = 1_700_000_000.0


def all_rows(sizes: Sizes) -> list[str]:
    rng = random.Random(1)
    price = rows.prices(sizes, rng)
    trade = rows.trade(sizes, NEWEST, price, rng)
    leaves = rows.Categories.build().leaves
    return [
        *trade.orders,
        *trade.lines,
        *trade.payments,
        *rows.products(sizes, NEWEST, price, trade.sold, leaves, rng=rng),
        *rows.stock(sizes, trade.sold, rng),
        *rows.customers(sizes, NEWEST, rng),
        *rows.reviews(sizes, NEWEST, rng),
    ]


def test_the_same_seed_gives_the_same_rows() -> None:
    sizes = Sizes.scaled(0.01)
    assert all_rows(sizes) == all_rows(sizes)


def test_full_size_is_what_the_shop_promises() -> None:
    assert Sizes.scaled(1.0) == Sizes(products=50_000, customers=20_000, orders=200_000, reviews=300_000)


def test_amounts_are_the_sum_of_their_lines() -> None:
    sizes = Sizes.scaled(0.01)
    rng = random.Random(2)
    trade = rows.trade(sizes, NEWEST, rows.prices(sizes, rng), rng)
    sums: Counter[str] = Counter()
    for line in trade.lines:
        order, _, price, quantity = line.split("\t")
        sums[order] += int(price) * int(quantity)
    for order in trade.orders:
        _, number, _, amount, *_ = order.split("\t")
        assert sums[number] == int(amount)


def test_trade_is_uneven_at_full_size() -> None:
    rng = random.Random(3)
    buyers, rated = Zipf(20_000, 0.8), Zipf(50_000, 0.85)
    orders = Counter(buyers.draw(rng) for _ in range(200_000))
    reviews = Counter(rated.draw(rng) for _ in range(300_000))
    assert orders[1] > 3000
    assert sum(count > 1000 for count in orders.values()) >= 5
    assert reviews[1] > 5000
    assert sum(count > 1000 for count in reviews.values()) >= 10


def test_zipf_stays_in_range_and_falls_with_the_rank() -> None:
    rng = random.Random(4)
    drawn = Counter(Zipf(10, 1.0).draw(rng) for _ in range(20_000))
    assert set(drawn) == set(range(1, 11))
    assert drawn[1] == pytest.approx(2 * drawn[2], rel=0.1)


def test_times_ascend_to_the_newest_and_grow_denser() -> None:
    found = times(1000, NEWEST, 1000.0)
    assert list(found) == sorted(found)
    assert found[-1] == NEWEST
    assert found[0] >= NEWEST - 1000
    assert found[500] - NEWEST < -500 * 0.8
