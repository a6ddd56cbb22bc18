"""Notifications: mails about an order, each once."""

from storefront.jobs.context import JobContext
from storefront.jobs.errors import UnknownSubjectError

_TEXTS = {
    "confirmation": ("Your order {order_id}", "Hello {name},\n\nwe have received {amount} for your order."),
    "payment_failed": (
        "Payment for order {order_id} was declined",
        "Hello {name},\n\nyour bank declined the payment of {amount}; the order is cancelled.",
    ),
    "shipped": ("Order {order_id} is on its way", "Hello {name},\n\nwe have sent your order over {amount}."),
}


def send_mail(context: JobContext, *, order_id: int, kind: str) -> None:
    """Send a mail of `kind` (confirmation, payment_failed, shipped) about an order.

    The row that says "sent" and the sending share a transaction: a failed mail leaves no row, and a mail is
    sent twice only when the process dies between the server's yes and the commit.

    Raises:
        UnknownSubjectError: there is no such order or kind of mail.
        MailError: the mail server did not take it.
    """
    if kind not in _TEXTS:
        raise UnknownSubjectError(f"no mail of kind {kind!r}; there are {', '.join(sorted(_TEXTS))}")
    with context.pool.connection() as connection:
        order = context.queries.row(connection, "mail_of_order", order_id=order_id)
        if order is None:
            raise UnknownSubjectError(f"there is no order {order_id}")
        if not context.queries.change(connection, "claim_mail", order_id=order_id, kind=kind):
            return
        amount = f"{order['amount_cents'] / 100:.2f} {order['currency']}"
        subject, body = (
            text.format(order_id=order_id, name=order["name"], amount=amount) for text in _TEXTS[kind]
        )
        context.mailer.send(
            to=order["email"], subject=subject, body=body, message_id=f"order-{order_id}-{kind}"
        )
    context.metrics.business.mails.inc()
