"""Reports: queries over much of the data, whose results are kept in a table."""

import json

from psycopg import sql

from storefront.jobs.context import JobContext
from storefront.jobs.errors import UnknownSubjectError
from storefront.settings.workers import WorkerType

NAMES = ("sales", "inventory", "customers")


def make_report(context: JobContext, *, report_id: int) -> None:
    """Make a report that was asked for by a row in `reports`; one that is finished stays as it is.

    Raises:
        UnknownSubjectError: there is no such row, or no report of that name.
    """
    with context.pool.connection() as connection:
        request = context.queries.row(connection, "report_request", report_id=report_id)
        if request is None:
            raise UnknownSubjectError(f"there is no report {report_id}")
        if request["name"] not in NAMES:
            raise UnknownSubjectError(f"no report {request['name']!r}; there are {', '.join(NAMES)}")
        if request["finished_at"] is not None:
            return
        context.queries.change(connection, "report_started", report_id=report_id)
    limit_ms = context.settings.workers.of(WorkerType.REPORTS).time_limit_ms
    with context.pool.connection() as connection:
        connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(limit_ms)))
        rows = context.queries.rows(connection, f"report_{request['name']}", days=request["days"])
        result = json.dumps({"rows": rows}, default=float)
        context.queries.change(connection, "report_finished", report_id=report_id, result=result)


def nightly_reports(context: JobContext, *, days: int = 30) -> None:
    """Count popularity anew and ask for every report; started by the operator's cron."""
    with context.pool.connection() as connection:
        context.queries.change(connection, "refresh_popularity")
        for name in NAMES:
            report = context.queries.row(connection, "request_report", name=name, days=days)
            if report is not None:
                context.promise(connection, "make_report", report_id=report["id"])
