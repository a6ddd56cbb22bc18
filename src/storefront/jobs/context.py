"""What every job is given to work with."""

import json
from dataclasses import dataclass

from psycopg import OperationalError
from psycopg.pq import ConnStatus
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from storefront import queries as named
from storefront.database import conninfo
from storefront.jobs.mailer import Mailer
from storefront.jobs.partner_client import PartnerClient
from storefront.jobs.queries import Connection, JobQueries
from storefront.metrics import Metrics
from storefront.settings import Settings
from storefront.settings.workers import WorkerType

Pool = ConnectionPool[Connection]

SHIPPED = named.shipped()
"""Read at import: a forked child may not be able to read the installation."""

SPARE_CONNECTIONS = 2
"""Above the threads: for the marks that follow a job."""


@dataclass
class JobContext:
    """One per worker process. `settings` is replaced when the settings are read again."""

    settings: Settings
    metrics: Metrics
    pool: Pool
    queries: JobQueries
    partner: PartnerClient
    mailer: Mailer

    def promise(self, connection: Connection, job: str, /, **payload: object) -> None:
        """Promise a job in the transaction of `connection`: it will run when, and only when, that commits."""
        self.queries.change(connection, "promise_job", kind=job, payload=json.dumps(payload))

    def configure(self, settings: Settings) -> None:
        """Take changed settings and SQL files.

        Raises:
            QueryError: an SQL file is wrong; nothing was changed.
        """
        self.queries.queries = named.load(settings.database.sql_directory, SHIPPED)
        self.settings = settings
        self.partner.configure(settings.partner)
        self.mailer.configure(settings.mail)

    def close(self) -> None:
        """Let go of all connections; bounded."""
        self.pool.close(timeout=1)
        self.partner.close()


def _still_there(connection: Connection) -> None:
    """Discard a connection whose server has gone; asks the socket, not the server."""
    connection.pgconn.consume_input()
    if connection.pgconn.status != ConnStatus.OK:
        raise OperationalError("the connection is closed")


def make_context(settings: Settings, worker_type: WorkerType, metrics: Metrics, process: str) -> JobContext:
    """A context for one worker process; its pool connects in the background once opened.

    Raises:
        QueryError: an SQL file of the operator's is wrong.
    """
    workers, database = settings.workers, settings.database
    wanted = workers.pool_max or workers.of(worker_type).concurrency + SPARE_CONNECTIONS
    pool: Pool = ConnectionPool(
        conninfo(database, process),
        min_size=min(1, wanted),
        max_size=wanted,
        timeout=database.pool_timeout_s,
        max_idle=database.pool_max_idle_s,
        kwargs={"row_factory": dict_row, "prepare_threshold": database.prepare_threshold or None},
        reconnect_timeout=5,
        check=_still_there,
        name=process,
        num_workers=1,
        open=False,
    )
    metrics.database.watch_pool(pool.get_stats)
    return JobContext(
        settings=settings,
        metrics=metrics,
        pool=pool,
        queries=JobQueries(metrics.database, named.load(database.sql_directory, SHIPPED)),
        partner=PartnerClient(settings.partner),
        mailer=Mailer(settings.mail),
    )
