import asyncio
from pathlib import Path

import jwt
import pytest

from storefront.security import (
    ALGORITHM,
    NotSignedInError,
    Passwords,
    Policy,
    SignInLimit,
    Tokens,
    TooManyAttemptsError,
    session_of,
)
from storefront.settings import SettingsError
from storefront.settings.cache import Cache
from storefront.settings.security import Security

CHEAP = Security(argon2_memory_kib=64)


def test_roles_hold_what_the_lower_ones_may() -> None:
    policy = Policy(CHEAP)
    may = {
        "customer": {("cart", "write"), ("orders", "read")},
        "support": {("cart", "write"), ("orders", "read"), ("all-orders", "read"), ("reports", "read")},
    }
    for role, things in may.items():
        for thing in (("cart", "write"), ("orders", "read"), ("all-orders", "read"), ("reports", "read")):
            assert policy.allows(role, *thing) is (thing in things), (role, thing)
    assert policy.allows("admin", "chaos", "write")
    assert not policy.allows("manager", "chaos", "write")
    assert not policy.allows("nobody", "cart", "read")


def test_a_policy_of_the_operator_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "policy.csv"
    file.write_text("# mine\np, customer, chaos, write\n\ng, admin, customer\n")
    policy = Policy(Security(argon2_memory_kib=64, policy_file=file))
    assert policy.allows("admin", "chaos", "write")
    assert not policy.allows("admin", "cart", "read")


@pytest.mark.parametrize(
    ("text", "line"), [("p, customer, cart\n", 1), ("p, a, b, read\nx, y\n", 2), ("", 0), ("\n  \n", 0)]
)
def test_a_wrong_policy_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "policy.csv"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        Policy(Security(policy_file=file))
    assert caught.value.problems[0].line == line
    assert caught.value.problems[0].expected


def test_a_token_gives_the_customer_back() -> None:
    tokens = Tokens(CHEAP)
    assert tokens.customer_of(f"Bearer {tokens.issue(42)}") == 42
    assert tokens.customer_of(f"bearer {tokens.issue(42)}") == 42


def test_a_token_of_another_secret_an_old_one_or_an_unsigned_one_is_refused() -> None:
    tokens = Tokens(CHEAP)
    other = Tokens(Security(jwt_secret="x" * 32)).issue(1)
    old = jwt.encode({"sub": "1", "exp": 1}, CHEAP.jwt_secret, ALGORITHM)
    endless = jwt.encode({"sub": "1"}, CHEAP.jwt_secret, ALGORITHM)
    unsigned = jwt.encode({"sub": "1", "exp": 9_999_999_999}, "", "none")
    for token in (other, old, endless, unsigned, ""):
        with pytest.raises(NotSignedInError):
            tokens.customer_of(f"Bearer {token}")
    with pytest.raises(NotSignedInError):
        tokens.customer_of(None)


def test_passwords_are_checked_and_nobody_has_none() -> None:
    passwords = Passwords(CHEAP)
    known = passwords._hasher.hash("right")

    async def answers() -> list[bool]:
        return [
            await passwords.verify("right", known),
            await passwords.verify("wrong", known),
            await passwords.verify("nobody has this password", None),
            await passwords.verify("right", "no hash"),
        ]

    assert asyncio.run(answers()) == [True, False, False, False]


def test_sign_ins_are_limited_without_valkey_too() -> None:
    async def attempts() -> int:
        limit = SignInLimit(
            Security(sign_in_limit="3/minute"), Cache(url="redis://127.0.0.1:1/0", timeout_ms=50)
        )
        for tried in range(10):
            try:
                await limit.check("127.0.0.1", "a@shop.test")
            except TooManyAttemptsError:
                return tried
            await limit.failed("127.0.0.1", "a@shop.test")
            await limit.check("127.0.0.1", "other@shop.test")
        return 10

    assert asyncio.run(attempts()) == 3


def test_no_limit_means_no_limit() -> None:
    async def attempts() -> None:
        limit = SignInLimit(Security(sign_in_limit=""), Cache(url="redis://127.0.0.1:1/0"))
        for _ in range(50):
            await limit.check("127.0.0.1", "a@shop.test")
            await limit.failed("127.0.0.1", "a@shop.test")

    asyncio.run(attempts())


def test_a_session_is_named_without_giving_the_token_away() -> None:
    assert session_of(None) == "none"
    assert session_of("Bearer a") == session_of("Bearer a") != session_of("Bearer b")
    assert "a" * 5 not in session_of("Bearer " + "a" * 40)
