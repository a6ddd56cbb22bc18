"""The rows of each table, as text for COPY. The same seed gives the same rows."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from argon2.low_level import Type, hash_secret

from storefront.seed.shapes import Sizes, Zipf, times
from storefront.seed.words import (
    ADJECTIVES,
    DEPARTMENTS,
    FIRST_NAMES,
    LAST_NAMES,
    MATERIALS,
    NOUNS,
    OPINIONS,
)

PASSWORD = "drillyard"  # noqa: S105 - the public password of made-up customers
STAFF = ("admin", "manager", "support")
YEARS_S = 2 * 365 * 86_400.0


@dataclass(frozen=True)
class Categories:
    """Departments with the categories below them; products stand in the latter."""

    rows: list[str] = field(default_factory=list)
    leaves: list[int] = field(default_factory=list)

    @classmethod
    def build(cls) -> "Categories":
        """All of them."""
        categories = cls()
        number = 0
        for department, children in DEPARTMENTS.items():
            number += 1
            parent = number
            categories.rows.append(f"{parent}\t\\N\t{department}\t{department.title()}\n")
            for child in children:
                number += 1
                title = child.replace("-", " ").capitalize()
                categories.rows.append(f"{number}\t{parent}\t{department}-{child}\t{title}\n")
                categories.leaves.append(number)
        return categories


@dataclass
class Trade:
    """Orders with their lines; made first, because popularity of products follows from them."""

    orders: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    sold: Counter[int] = field(default_factory=Counter)


def stamp(seconds: float) -> str:
    """A time as PostgreSQL reads it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def prices(sizes: Sizes, rng: random.Random) -> list[int]:
    """The price of each product in cents; index 0 is not used."""
    return [0] + [round(rng.lognormvariate(3.3, 0.8)) * 100 + 99 for _ in range(sizes.products)]


def trade(sizes: Sizes, newest: float, price: list[int], rng: random.Random) -> Trade:
    """All orders, in the order of time. Payments of all but the newest tenth are archived."""
    made = Trade()
    buyers, wishes = Zipf(sizes.customers, 0.8), Zipf(sizes.products, 0.9)
    counts = rng.choices((1, 2, 3, 4, 5, 6, 8), weights=(20, 26, 22, 14, 9, 6, 3), k=sizes.orders)
    archived = sizes.orders * 9 // 10
    for number, (at, count) in enumerate(
        zip(times(sizes.orders, newest, YEARS_S), counts, strict=True), start=1
    ):
        amount = 0
        for product in {wishes.draw(rng) for _ in range(count)}:
            quantity = 1 if rng.random() < 0.8 else 2
            amount += quantity * price[product]
            made.sold[product] += quantity
            made.lines.append(f"{number}\t{product}\t{price[product]}\t{quantity}\n")
        status = "cancelled" if rng.random() < 0.02 else "shipped"
        made.orders.append(f"{stamp(at)}\t{number}\t{buyers.draw(rng)}\t{amount}\t{status}\tEUR\n")
        if number > archived:
            outcome = "declined" if status == "cancelled" else "succeeded"
            made.payments.append(f"{number}\t\t{amount}\tEUR\t{outcome}\t{stamp(at)}\t{stamp(at)}\n")
    return made


def products(
    sizes: Sizes,
    newest: float,
    price: list[int],
    sold: Counter[int],
    leaves: list[int],
    *,
    rng: random.Random,
) -> Iterator[str]:
    """All products; the popular ones are spread over all categories."""
    for number in range(1, sizes.products + 1):
        adjective, material, noun = rng.choice(ADJECTIVES), rng.choice(MATERIALS), rng.choice(NOUNS)
        name = f"{adjective} {material} {noun} {number}"
        text = f"{adjective} {noun} made of {material}, {rng.randrange(8, 120)} x {rng.randrange(8, 120)} cm."
        at = stamp(newest - rng.random() ** 2 * YEARS_S)
        category = leaves[rng.randrange(len(leaves))]
        yield f"{at}\t{number}\t{price[number]}\t{sold[number]}\t{category}\tt\t{name}\t{text}\n"


def stock(sizes: Sizes, sold: Counter[int], rng: random.Random) -> Iterator[str]:
    """Stock of each product: enough that hours of traffic do not sell out what is popular."""
    for number in range(1, sizes.products + 1):
        reorder = 20 + sold[number] // 10
        yield f"{number}\t{reorder * 50 + rng.randrange(200)}\t{reorder}\n"


def customers(sizes: Sizes, newest: float, rng: random.Random) -> Iterator[str]:
    """customer1@shop.test and so on, then the staff. They share a few salts: a hash each takes minutes."""
    hashes = [
        hash_secret(PASSWORD.encode(), bytes([salt]) * 16, 1, 8192, 1, 32, Type.ID).decode()
        for salt in range(1, 9)
    ]
    for number in range(1, sizes.customers + 1):
        at = stamp(newest - YEARS_S - rng.random() * 86_400 * 90)
        name = f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"
        yield f"{at}\t{number}\tcustomer\tt\tcustomer{number}@shop.test\t{name}\t{rng.choice(hashes)}\n"
    for number, role in enumerate(STAFF, start=sizes.customers + 1):
        at = stamp(newest - YEARS_S)
        yield f"{at}\t{number}\t{role}\tt\t{role}@shop.test\t{role.title()}\t{rng.choice(hashes)}\n"


def reviews(sizes: Sizes, newest: float, rng: random.Random) -> Iterator[str]:
    """All reviews in the order of time, so that those of one product lie scattered over the table."""
    rated = Zipf(sizes.products, 0.85)
    ratings = rng.choices((1, 2, 3, 4, 5), weights=(8, 7, 14, 30, 41), k=sizes.reviews)
    for number, (at, rating) in enumerate(
        zip(times(sizes.reviews, newest, YEARS_S), ratings, strict=True), start=1
    ):
        body = rng.choice(OPINIONS)
        if rng.random() < 0.5:
            body += " " + rng.choice(OPINIONS)
        customer = rng.randrange(sizes.customers) + 1
        helpful = rng.randrange(40) if rng.random() < 0.2 else 0
        yield f"{stamp(at)}\t{number}\t{rated.draw(rng)}\t{customer}\t{rating}\t{helpful}\t{body}\n"
