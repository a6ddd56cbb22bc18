"""Every job that there is: its name (the `kind` of an outbox row), its family, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass

from dramatiq.message import Message

from storefront.jobs.charges import charge_payment
from storefront.jobs.mails import send_mail
from storefront.jobs.reports import make_report, nightly_reports
from storefront.jobs.stock import book_sale, refresh_rating, replenish, restock, ship_order
from storefront.settings.workers import Routes, WorkerType

OUTBOX_ID = "outbox_id"
REQUEST_ID = "request_id"


@dataclass(frozen=True)
class Job:
    """One kind of job. `run` takes the context, then the payload as keywords."""

    name: str
    family: WorkerType
    run: Callable[..., None]


JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job("charge_payment", WorkerType.PAYMENTS, charge_payment),
        Job("send_mail", WorkerType.NOTIFICATIONS, send_mail),
        Job("book_sale", WorkerType.INVENTORY, book_sale),
        Job("replenish", WorkerType.INVENTORY, replenish),
        Job("restock", WorkerType.INVENTORY, restock),
        Job("ship_order", WorkerType.INVENTORY, ship_order),
        Job("refresh_rating", WorkerType.INVENTORY, refresh_rating),
        Job("make_report", WorkerType.REPORTS, make_report),
        Job("nightly_reports", WorkerType.REPORTS, nightly_reports),
    )
}


def queue_of(kind: str, routes: Routes) -> str:
    """The queue that jobs of this kind go to.

    A kind that nobody knows goes with the payments: the worker that takes it makes it a dead letter, where it
    is seen, instead of leaving it behind.
    """
    job = JOBS.get(kind)
    by_family = {
        WorkerType.PAYMENTS: routes.payments,
        WorkerType.NOTIFICATIONS: routes.notifications,
        WorkerType.INVENTORY: routes.inventory,
        WorkerType.REPORTS: routes.reports,
    }
    return by_family[job.family if job else WorkerType.PAYMENTS]


def message_of(
    kind: str, payload: dict[str, object], routes: Routes, *, outbox_id: int | None = None
) -> Message[None]:
    """The message that starts a job. A `request_id` in the payload is not for it: it goes to the logs."""
    arguments = {key: value for key, value in payload.items() if key != REQUEST_ID}
    options: dict[str, object] = {}
    if outbox_id is not None:
        options[OUTBOX_ID] = outbox_id
    if REQUEST_ID in payload:
        options[REQUEST_ID] = payload[REQUEST_ID]
    return Message(queue_of(kind, routes), kind, (), arguments, options)
