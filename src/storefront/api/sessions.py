"""POST /api/sessions: sign in."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from storefront.api.answers import RefusedError, answer
from storefront.security import TooManyAttemptsError
from storefront.shop import shop_of

router = APIRouter()


class SignIn(BaseModel):
    """Who one says to be."""

    email: str = Field(min_length=3, max_length=200)
    password: str = Field(min_length=1, max_length=200)


def address_of(request: Request, *, trust_forwarded_for: bool) -> str:
    """The customer's address: what our own proxy wrote last, or the other end of the connection."""
    forwarded = request.headers.get("x-forwarded-for")
    if trust_forwarded_for and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return request.client.host if request.client else "unknown"


@router.post("/api/sessions")
async def sign_in(request: Request, body: SignIn) -> Response:
    """A token for `Authorization: Bearer ...`."""
    shop = shop_of(request)
    email = body.email.strip().lower()
    address = address_of(request, trust_forwarded_for=shop.settings.security.trust_forwarded_for)
    try:
        await shop.sign_in_limit.check(address, email)
    except TooManyAttemptsError as error:
        raise RefusedError(429, "too_many_attempts", "Too many failed sign-ins. Wait a while.") from error
    found = await shop.database.row("account_by_email", email=email)
    fits = await shop.passwords.verify(body.password, found["password_hash"] if found else None)
    if found is None or not fits or not found["active"]:
        await shop.sign_in_limit.failed(address, email)
        raise RefusedError(401, "wrong_credentials", "This address and password do not fit together.")
    request.state.customer_id = found["id"]
    return answer(
        {
            "token": shop.tokens.issue(found["id"]),
            "expires_in_s": shop.settings.security.token_ttl_s,
            "customer": {"id": found["id"], "name": found["name"], "role": found["role"]},
        },
        201,
    )
