"""Who somebody is and what they may do: passwords, tokens, roles, and a limit on guessing."""

import asyncio
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import casbin  # type: ignore[import-untyped]  # has no annotations
import jwt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from casbin.persist.adapters.string_adapter import StringAdapter  # type: ignore[import-untyped]  # as above
from jwt.types import Options
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.storage.redis import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter

from storefront import clock
from storefront.cache import CONNECTION_LOST
from storefront.logs import get_logger
from storefront.settings import SettingsError, SettingsProblem
from storefront.settings.cache import Cache as CacheSettings
from storefront.settings.security import Security

ALGORITHM = "HS256"
_BY_OUR_CLOCK: Options = {"require": ["sub", "iat", "exp"], "verify_iat": False, "verify_exp": False}
"""Beginning and end are held against the shop's own clock."""

log = get_logger(__name__)


class NotSignedInError(Exception):
    """There is no token, or it is not one of ours, or it is too old."""


class TooManyAttemptsError(Exception):
    """Too many failed sign-ins; the next try has to wait."""


@dataclass(frozen=True)
class Account:
    """Who is signed in."""

    id: int
    role: str
    name: str
    email: str


class Passwords:
    """Argon2id. Hashing takes milliseconds of one core by design, so it runs beside the event loop."""

    def __init__(self, settings: Security) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
        )
        self._nobody = self._hasher.hash("nobody has this password")

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password fits. Without a hash it takes as long: nobody learns who has an account."""
        return await asyncio.to_thread(self._verify, password, password_hash)

    def _verify(self, password: str, password_hash: str | None) -> bool:
        try:
            return self._hasher.verify(password_hash or self._nobody, password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


class Tokens:
    """Signed tokens (JWT, RFC 7519) that carry the customer's number and an end."""

    def __init__(self, settings: Security) -> None:
        self.configure(settings)

    def configure(self, settings: Security) -> None:
        """Take changed settings; another secret makes all tokens invalid."""
        self._secret = settings.jwt_secret
        self._ttl_s = settings.token_ttl_s

    def issue(self, customer_id: int) -> str:
        """A new token."""
        now = int(clock.now())
        claims = {"sub": str(customer_id), "iat": now, "exp": now + self._ttl_s}
        return jwt.encode(claims, self._secret, ALGORITHM)

    def customer_of(self, authorization: str | None) -> int:
        """The customer's number in an `Authorization: Bearer ...` header.

        Raises:
            NotSignedInError: there is none, or it is not valid any more.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedInError("sign in first")
        try:
            claims = jwt.decode(token, self._secret, [ALGORITHM], options=_BY_OUR_CLOCK)
            if not int(claims["iat"]) <= clock.now() < int(claims["exp"]):
                raise NotSignedInError("the token is not valid (any more)")
            return int(claims["sub"])
        except (jwt.InvalidTokenError, ValueError) as error:
            raise NotSignedInError("the token is not valid (any more)") from error


def session_of(authorization: str | None) -> str:
    """A short name for a token, for cache keys and logs; `none` without one."""
    if not authorization:
        return "none"
    return hashlib.blake2s(authorization.encode(), digest_size=6).hexdigest()


@cache
def shipped_policy(name: str) -> str:
    """`model.conf` or `policy.csv`; read once, for a forked child may not be able to."""
    return files("storefront.policy").joinpath(name).read_text(encoding="utf-8")


def _enforcer(policy: str) -> casbin.Enforcer:
    model = casbin.Model()
    model.load_model_from_text(shipped_policy("model.conf"))
    return casbin.Enforcer(model, StringAdapter(policy))


@cache
def shipped_enforcer() -> casbin.Enforcer:
    """Of the shipped policy; made once, before a fork, for all children."""
    return _enforcer(shipped_policy("policy.csv"))


class Policy:
    """Roles (casbin). Answers are remembered: there are few, and the enforcer is slow."""

    def __init__(self, settings: Security) -> None:
        self.configure(settings)

    def configure(self, settings: Security) -> None:
        """Take changed settings.

        Raises:
            SettingsError: the policy cannot be read.
        """
        chosen = settings.policy_file
        self._enforcer = shipped_enforcer() if chosen is None else _enforcer(_read_policy(chosen))
        self._known: dict[tuple[str, str, str], bool] = {}

    def allows(self, role: str, thing: str, action: str) -> bool:
        """Whether `role` may do `action` (read or write) to `thing`."""
        asked = (role, thing, action)
        answer = self._known.get(asked)
        if answer is None:
            answer = self._known[asked] = bool(self._enforcer.enforce(*asked))
        return answer


def _read_policy(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([SettingsProblem(str(path), 0, f"cannot be read: {error}")]) from error
    problems = []
    for number, line in enumerate(text.splitlines(), start=1):
        parts = [part.strip() for part in line.split(",")]
        if line.strip() and not line.startswith("#") and (parts[0], len(parts)) not in {("p", 4), ("g", 3)}:
            message = f"{line.strip()!r} is not a rule"
            problems.append(
                SettingsProblem(str(path), number, message, "p, role, thing, action or g, role, role")
            )
    if not problems and not text.strip():
        problems.append(SettingsProblem(str(path), 0, "the policy is empty", "at least one rule"))
    if problems:
        raise SettingsError(problems)
    return text


class SignInLimit:
    """How many sign-ins may fail for one address and account; counted in Valkey for all replicas together.

    Without Valkey each replica counts for itself.
    """

    def __init__(self, settings: Security, cache: CacheSettings) -> None:
        url = cache.url.replace("rediss://", "valkeys://", 1).replace("redis://", "valkey://", 1)
        timeout_s = cache.timeout_ms / 1000
        storage = RedisStorage(
            f"async+{url}", wrap_exceptions=False, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
        )
        self._absent: tuple[type[Exception], ...] = (*CONNECTION_LOST, *_as_tuple(storage.base_exceptions))
        self._shared = FixedWindowRateLimiter(storage)
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self.configure(settings)

    def configure(self, settings: Security) -> None:
        """Take a changed limit."""
        self._limit: RateLimitItem | None = parse(settings.sign_in_limit) if settings.sign_in_limit else None

    async def check(self, address: str, email: str) -> None:
        """Let a sign-in be tried.

        Raises:
            TooManyAttemptsError: too many have failed.
        """
        if self._limit is None:
            return
        try:
            allowed = await self._shared.test(self._limit, "sign-in", address, email)
        except self._absent as error:
            log.debug("sign-in limit is counted here", reason=str(error))
            allowed = await self._own.test(self._limit, "sign-in", address, email)
        if not allowed:
            raise TooManyAttemptsError("too many failed sign-ins; try again later")

    async def failed(self, address: str, email: str) -> None:
        """Count a failed sign-in."""
        if self._limit is None:
            return
        try:
            await self._shared.hit(self._limit, "sign-in", address, email)
        except self._absent as error:
            log.debug("sign-in limit is counted here", reason=str(error))
            await self._own.hit(self._limit, "sign-in", address, email)


def _as_tuple(errors: type[Exception] | tuple[type[Exception], ...]) -> tuple[type[Exception], ...]:
    return errors if isinstance(errors, tuple) else (errors,)
