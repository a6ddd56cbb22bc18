"""[database]: PostgreSQL, the pool of connections and the SQL files."""

from pathlib import Path

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import field_validator, model_validator

from storefront.settings.section import Section, setting


class Database(Section):
    """Each process (replica or worker) has a pool of its own: count them all against max_connections."""

    dsn: str = setting(
        "postgresql://shop_app:shop_app@127.0.0.1:5432/shop",
        "Where PostgreSQL is and who we are (libpq URI or keywords).",
        restart=True,
        min_length=1,
    )
    pool_min: int = setting(
        2, "Connections kept open even when idle, per process.", restart=True, ge=0, le=500
    )
    pool_max: int = setting(10, "The most connections per process.", restart=True, ge=1, le=500)
    pool_timeout_s: float = setting(
        3.0, "Seconds that a request waits for a free connection before it fails with 503.", gt=0, le=60
    )
    pool_max_waiting: int = setting(
        0,
        "Requests that may wait for a connection; more fail at once. 0: no limit.",
        restart=True,
        ge=0,
        le=100_000,
    )
    pool_max_idle_s: float = setting(
        300.0,
        "Seconds until an idle connection above pool_min is closed.",
        restart=True,
        gt=0,
        le=86_400,
    )
    connect_timeout_s: int = setting(3, "Seconds to wait for a new connection.", restart=True, ge=1, le=60)
    statement_timeout_ms: int = setting(
        10_000, "PostgreSQL cancels a statement after so many milliseconds. 0: never.", restart=True, ge=0
    )
    work_mem_kb: int = setting(
        0,
        "Memory (kB) for each sort or hash before it spills to disk, set per session. 0: the server's own.",
        restart=True,
        ge=0,
        le=4_194_304,
    )
    prepare_threshold: int = setting(
        5, "A statement is prepared on the server after so many uses. 0: never.", restart=True, ge=0, le=1000
    )
    sql_directory: Path | None = setting(
        None,
        "A directory of .sql files, relative to this file; a query in it replaces the shipped one of the same"
        " name. Empty: none.",
    )

    @field_validator("dsn")
    @classmethod
    def _dsn_is_readable(cls, value: str) -> str:
        try:
            conninfo_to_dict(value)
        except ProgrammingError as error:
            raise ValueError(str(error).strip()) from error
        return value

    @field_validator("sql_directory", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _pool_is_a_range(self) -> "Database":
        if self.pool_min > self.pool_max:
            raise ValueError(f"pool_min ({self.pool_min}) is larger than pool_max ({self.pool_max})")
        return self
