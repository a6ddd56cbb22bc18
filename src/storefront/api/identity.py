"""Who asks, and whether they may."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel
from pydantic_core import to_json

from storefront.api.answers import KeyFields, RefusedError
from storefront.security import Account, NotSignedInError
from storefront.shop import shop_of


class AccountState(BaseModel):
    """What is kept of a customer between two requests."""

    id: int
    role: str
    active: bool
    name: str
    email: str


async def account_of(request: Request) -> Account:
    """The account that the request's token belongs to.

    Raises:
        RefusedError: 401, there is none.
    """
    shop = shop_of(request)
    try:
        customer = shop.tokens.customer_of(request.headers.get("authorization"))
    except NotSignedInError as error:
        raise RefusedError(401, "not_signed_in", f"{str(error).capitalize()}.") from error
    request.state.customer_id = customer

    async def make() -> bytes:
        row = await shop.database.row("account_by_id", customer=customer)
        if row is None:
            raise RefusedError(401, "not_signed_in", "This account is gone.")
        return to_json(row)

    kept = await shop.cache.fetch("session", KeyFields(request, customer=customer), make)
    state = AccountState.model_validate_json(kept)
    if not state.active:
        raise RefusedError(401, "not_signed_in", "This account is closed.")
    return Account(state.id, state.role, state.name, state.email)


def may(thing: str, action: str) -> Callable[[Request], Awaitable[Account]]:
    """A dependency: the signed-in account, if its role allows `action` on `thing`."""

    async def check(request: Request) -> Account:
        account = await account_of(request)
        if not shop_of(request).policy.allows(account.role, thing, action):
            raise RefusedError(403, "forbidden", f"The role {account.role} may not {action} {thing}.")
        return account

    return check


CartReader = Annotated[Account, Depends(may("cart", "read"))]
CartWriter = Annotated[Account, Depends(may("cart", "write"))]
Buyer = Annotated[Account, Depends(may("checkout", "write"))]
OrderReader = Annotated[Account, Depends(may("orders", "read"))]
AllOrdersReader = Annotated[Account, Depends(may("all-orders", "read"))]
ReportReader = Annotated[Account, Depends(may("reports", "read"))]
ReportWriter = Annotated[Account, Depends(may("reports", "write"))]
ProductWriter = Annotated[Account, Depends(may("products", "write"))]
ChaosReader = Annotated[Account, Depends(may("chaos", "read"))]
ChaosWriter = Annotated[Account, Depends(may("chaos", "write"))]
