"""[security]: who may do what, and how sure we are who it is."""

from pathlib import Path

from limits import parse
from pydantic import field_validator

from storefront.settings.section import Section, setting


class Security(Section):
    """Sign-in, tokens and roles."""

    jwt_secret: str = setting(
        "change-me-before-anyone-else-can-reach-this-shop",
        "Signs the tokens; the same in all replicas. A new one signs everybody out.",
        min_length=32,
    )
    token_ttl_s: int = setting(3600, "Seconds that a token is valid.", ge=10, le=2_592_000)
    argon2_time_cost: int = setting(1, "Passes over memory of a password hash.", restart=True, ge=1, le=20)
    argon2_memory_kib: int = setting(
        8192, "Memory (KiB) of a new password hash.", restart=True, ge=64, le=1_048_576
    )
    argon2_parallelism: int = setting(1, "Lanes of a new password hash.", restart=True, ge=1, le=16)
    sign_in_limit: str = setting(
        "30/minute", "Failed sign-ins allowed per address and account, such as 10/minute. Empty: no limit."
    )
    policy_file: Path | None = setting(
        None, "Who may do what: a casbin policy, relative to this file. Empty: the shipped one."
    )
    trust_forwarded_for: bool = setting(
        True, "Take the customer's address from X-Forwarded-For: only behind a proxy that sets it."
    )

    @field_validator("policy_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("sign_in_limit")
    @classmethod
    def _limit_is_readable(cls, value: str) -> str:
        if value:
            try:
                parse(value)
            except ValueError as error:
                raise ValueError(f"{value!r} is not a limit such as 10/minute") from error
        return value
