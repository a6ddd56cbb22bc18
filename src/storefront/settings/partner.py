"""[partner]: the payment partner, as its client sees it, and what its own process keeps."""

from enum import StrEnum
from pathlib import Path

from pydantic import field_validator

from storefront.settings.section import Section, setting


class ChargeKey(StrEnum):
    """By what the partner tells that a charge was sent before."""

    ORDER = "order"
    """The order's own key, in every attempt: the order is charged once."""
    ATTEMPT = "attempt"
    """A new key for each attempt: a charge that was made and not answered in time is made again."""


class Partner(Section):
    """Charges go over HTTP with a key, by which the partner tells one that it has made already."""

    url: str = setting(
        "http://127.0.0.1:8200", "Where the partner is.", restart=True, pattern=r"^https?://[^/]+$"
    )
    timeout_ms: int = setting(
        2000,
        "Milliseconds after which a charge without an answer counts as failed (and is retried). A question"
        " about a token, and at the start, waits as long.",
        ge=10,
        le=60_000,
    )
    connect_timeout_ms: int = setting(500, "Milliseconds to wait for a connection.", ge=10, le=60_000)
    max_connections: int = setting(
        16, "The most connections to the partner, per process.", restart=True, ge=1, le=1000
    )
    charge_key: ChargeKey = setting(
        ChargeKey.ORDER,
        "By what the partner tells a repeated charge. order: the order's own key. attempt: a new key for each"
        " attempt; a charge that was made and not answered in time is made again.",
    )
    asked_at_checkout: bool = setting(
        False,
        "True: the checkout asks the partner for the payment token before it acknowledges the order, and"
        " holds a database connection meanwhile; without an answer it is refused (503).",
    )
    needed_at_start: bool = setting(
        False,
        "True: replicas and payments workers do not start unless the partner answers within timeout_ms.",
        restart=True,
    )
    max_charges: int = setting(
        100_000,
        "Charges that the partner's own process keeps in memory; the oldest are forgotten.",
        restart=True,
        ge=100,
        le=1_000_000,
    )
    directory: Path | None = setting(
        None,
        "A directory in which the partner's own process keeps its charges over a restart. Empty: none.",
        restart=True,
    )

    @field_validator("directory", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value
