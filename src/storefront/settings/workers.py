"""[workers]: background jobs, their queues, and one table for each type of worker."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from storefront.settings.section import Section, setting

ENDLESS = -1
"""`max_retries` for a job that is tried again for ever."""

QueueName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class WorkerType(StrEnum):
    """The kinds of worker processes; each has its own table and its own share of the allocation."""

    PAYMENTS = "payments"
    NOTIFICATIONS = "notifications"
    INVENTORY = "inventory"
    REPORTS = "reports"


class Acknowledge(StrEnum):
    """When a job is taken off its queue for good."""

    AFTER = "after"
    """Once it is done: of a worker that dies another takes it over."""
    BEFORE = "before"
    """Before it is begun: a worker that dies takes it along."""


class Routes(Section):
    """The queue that each family of jobs is put into."""

    payments: QueueName = setting("payments", "Queue of charges to the payment partner.", restart=True)
    notifications: QueueName = setting("notifications", "Queue of mails to customers.", restart=True)
    inventory: QueueName = setting(
        "inventory", "Queue of stock movements and review summaries.", restart=True
    )
    reports: QueueName = setting(
        "reports", "Queue of reports: heavy queries that take seconds.", restart=True
    )

    def queues(self) -> tuple[str, ...]:
        """Every queue that is in use, each once."""
        return tuple(dict.fromkeys((self.payments, self.notifications, self.inventory, self.reports)))


class Retries(Section):
    """What happens to a job that failed: tried again after a growing wait, then moved to the dead letters."""

    max_retries: int = setting(
        6, "Further attempts after the first; then the job is a dead letter. -1: without end.", ge=-1, le=1000
    )
    min_backoff_ms: int = setting(
        500, "Milliseconds before the first retry; doubles with each. 0: at once.", ge=0, le=3_600_000
    )
    max_backoff_ms: int = setting(
        60_000, "The longest wait in milliseconds between two attempts.", ge=0, le=86_400_000
    )
    jitter: bool = setting(
        True, "Spread the waits at random (half to all of them), so that failed jobs do not return together."
    )

    @model_validator(mode="after")
    def _backoff_is_a_range(self) -> "Retries":
        if self.min_backoff_ms > self.max_backoff_ms:
            raise ValueError(
                f"min_backoff_ms ({self.min_backoff_ms}) is above max_backoff_ms ({self.max_backoff_ms})"
            )
        return self


class WorkerSettings(Section):
    """One type of worker: each of its processes consumes the same queues."""

    queues: tuple[QueueName, ...] = setting(
        (),
        "The queues that this type consumes; give a job's queue in [workers.routes].",
        restart=True,
        min_length=1,
    )
    concurrency: int = setting(4, "Jobs in work at once, per process (threads).", restart=True, ge=1, le=256)
    prefetch: int = setting(
        0,
        "Jobs that a process takes from a queue ahead of its threads, those in work included. Taken jobs wait"
        " here while another process may be idle. 0: twice the concurrency.",
        restart=True,
        ge=0,
        le=10_000,
    )
    time_limit_ms: int = setting(
        30_000,
        "Milliseconds after which a job is interrupted and counted as failed.",
        restart=True,
        ge=100,
        le=3_600_000,
    )
    acknowledge: Acknowledge = setting(
        Acknowledge.AFTER,
        "When a job is taken off its queue for good. after: when it is done; of a worker that dies another"
        " takes it over. before: when it is begun; a worker that dies takes it along.",
        restart=True,
    )
    retries: Retries = setting(Retries(), "Retry strategy of the jobs that this type runs.")


class Payments(WorkerSettings):
    """Charges; its processes also hand the outbox over to the queues."""

    queues: tuple[QueueName, ...] = setting(
        ("payments",), "The queues that this type consumes.", restart=True, min_length=1
    )


class Notifications(WorkerSettings):
    """Mails."""

    queues: tuple[QueueName, ...] = setting(
        ("notifications",), "The queues that this type consumes.", restart=True, min_length=1
    )


class Inventory(WorkerSettings):
    """Stock movements and review summaries."""

    queues: tuple[QueueName, ...] = setting(
        ("inventory",), "The queues that this type consumes.", restart=True, min_length=1
    )
    concurrency: int = setting(2, "Jobs in work at once, per process (threads).", restart=True, ge=1, le=256)


class Reports(WorkerSettings):
    """Reports."""

    queues: tuple[QueueName, ...] = setting(
        ("reports",), "The queues that this type consumes.", restart=True, min_length=1
    )
    concurrency: int = setting(1, "Jobs in work at once, per process (threads).", restart=True, ge=1, le=256)
    time_limit_ms: int = setting(
        120_000,
        "Milliseconds after which a job is interrupted and counted as failed.",
        restart=True,
        ge=100,
        le=3_600_000,
    )
    retries: Retries = setting(
        Retries(max_retries=2, min_backoff_ms=5000), "Retry strategy of the jobs that this type runs."
    )


class Outbox(Section):
    """How jobs written with an order reach the queues."""

    poll_ms: int = setting(
        2000, "Milliseconds between two looks when PostgreSQL has not notified us.", ge=50, le=60_000
    )
    batch: int = setting(100, "The most rows handed over in one transaction.", ge=1, le=10_000)
    resend_after_s: int = setting(
        600,
        "Seconds after which a job that was handed over and never finished is handed over again"
        " (the queue lost it). Keep it above the longest chain of retries.",
        ge=5,
        le=604_800,
    )
    keep_s: int = setting(3600, "Seconds that finished rows are kept.", ge=0, le=2_592_000)


class Workers(Section):
    """Background jobs. A job's queue is given in `routes`, who consumes it by each type's `queues`."""

    broker_url: str = setting(
        "",
        "The Valkey that holds the queues. Empty: the one of [cache].",
        restart=True,
        pattern=r"^((redis|valkey|rediss)://.+)?$",
    )
    namespace: str = setting(
        "dramatiq", "Prefix of the queues' keys in Valkey.", restart=True, pattern=r"^[A-Za-z0-9_-]{1,32}$"
    )
    heartbeat_timeout_ms: int = setting(
        5000,
        "Milliseconds without a sign of life after which a worker is taken for dead and its jobs are given"
        " to others.",
        restart=True,
        ge=1000,
        le=3_600_000,
    )
    idle_poll_ms: int = setting(
        1000,
        "The longest wait in milliseconds between two looks at an empty queue.",
        restart=True,
        ge=10,
        le=60_000,
    )
    dead_letter_ttl_s: int = setting(
        604_800, "Seconds that dead letters are kept.", restart=True, ge=60, le=31_536_000
    )
    stop_timeout_ms: int = setting(
        3000,
        "Milliseconds that running jobs may take to finish when a worker stops.",
        restart=True,
        ge=0,
        le=600_000,
    )
    pool_max: int = setting(
        0,
        "The most database connections per worker process. 0: its concurrency + 2.",
        restart=True,
        ge=0,
        le=500,
    )
    routes: Routes = setting(Routes(), "Which family of jobs goes to which queue.")
    outbox: Outbox = setting(Outbox(), "From the database to the queues.")
    payments: Payments = setting(Payments(), "Workers that charge customers.")
    notifications: Notifications = setting(Notifications(), "Workers that send mail.")
    inventory: Inventory = setting(Inventory(), "Workers that move stock.")
    reports: Reports = setting(Reports(), "Workers that make reports.")

    @model_validator(mode="after")
    def _every_queue_is_consumed(self) -> "Workers":
        consumed = {queue for kind in WorkerType for queue in self.of(kind).queues}
        if orphans := set(self.routes.queues()) - consumed:
            raise ValueError(
                f"queue {sorted(orphans)[0]!r} of [workers.routes] is consumed by no type of worker:"
                " add it to the queues of one"
            )
        return self

    def of(self, kind: WorkerType) -> WorkerSettings:
        """The settings of one type."""
        by_type: dict[WorkerType, WorkerSettings] = {
            WorkerType.PAYMENTS: self.payments,
            WorkerType.NOTIFICATIONS: self.notifications,
            WorkerType.INVENTORY: self.inventory,
            WorkerType.REPORTS: self.reports,
        }
        return by_type[kind]
