"""Payments: one charge for an order."""

from uuid import uuid4

from storefront.jobs.context import JobContext
from storefront.jobs.errors import PartnerError, UnknownSubjectError
from storefront.jobs.partner_client import ChargeRequest, ChargeStatus
from storefront.logs import get_logger
from storefront.settings.partner import ChargeKey

log = get_logger(__name__)


def charge_payment(context: JobContext, *, order_id: int) -> None:
    """Charge an order's customer and write down how it ended.

    No connection to the database is held while the partner thinks. A second run finds the payment settled, or
    gets the first run's charge from the partner by its key (unless each attempt has its own).

    Raises:
        UnknownSubjectError: there is no such order, or nothing to pay for it.
        PartnerError: it is not known how the charge ended.
    """
    with context.pool.connection() as connection:
        payment = context.queries.row(connection, "payment_of_order", order_id=order_id)
    if payment is None:
        raise UnknownSubjectError(f"order {order_id} has no payment")
    if payment["status"] != "pending":
        return
    request = ChargeRequest(
        key=_key(order_id, context.settings.partner.charge_key),
        token=payment["token"],
        amount_cents=payment["amount_cents"],
        currency=payment["currency"],
        reference=f"order {order_id}",
    )
    business = context.metrics.business
    try:
        charge = context.partner.charge(request)
    except PartnerError as error:
        business.payment_failed(error.reason)
        raise
    if _settle(context, order_id, charge.charge_id, charge.status):
        business.payment_ended(charge.status, request.amount_cents)
        if charge.status is ChargeStatus.DECLINED:
            business.payment_failed("declined")
        log.info("payment settled", order_id=order_id, status=charge.status.value)


def _key(order_id: int, kind: ChargeKey) -> str:
    own = f"order-{order_id}"
    return own if kind is ChargeKey.ORDER else f"{own}-{uuid4().hex}"


def _settle(context: JobContext, order_id: int, charge_id: str, status: ChargeStatus) -> bool:
    """Write the outcome and promise what follows from it; False when another run has done so."""
    paid = status is ChargeStatus.SUCCEEDED
    with context.pool.connection() as connection:
        changed = context.queries.change(
            connection, "settle_payment", order_id=order_id, status=status.value, charge_id=charge_id
        )
        if not changed:
            return False
        context.queries.change(
            connection,
            "move_order",
            order_id=order_id,
            expected="placed",
            status="paid" if paid else "cancelled",
        )
        kind = "confirmation" if paid else "payment_failed"
        context.promise(connection, "send_mail", order_id=order_id, kind=kind)
        context.promise(connection, "book_sale" if paid else "restock", order_id=order_id)
    return True
