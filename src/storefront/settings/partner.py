"""[partner]: the payment partner, as its client sees it, and what its own process keeps."""

from pathlib import Path

from pydantic import field_validator

from storefront.settings.section import Section, setting


class Partner(Section):
    """Charges go over HTTP with a key, so that a charge that is sent twice is made once."""

    url: str = setting(
        "http://127.0.0.1:8200", "Where the partner is.", restart=True, pattern=r"^https?://[^/]+$"
    )
    timeout_ms: int = setting(
        2000,
        "Milliseconds after which a charge without an answer counts as failed (and is retried).",
        ge=10,
        le=60_000,
    )
    connect_timeout_ms: int = setting(500, "Milliseconds to wait for a connection.", ge=10, le=60_000)
    max_connections: int = setting(
        16, "The most connections to the partner, per worker process.", restart=True, ge=1, le=1000
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
