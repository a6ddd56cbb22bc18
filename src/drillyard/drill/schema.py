"""The store's tables, as a list of migrations; the database's `user_version` says how many were applied."""

import sqlite3

from drillyard.base.errors import UserError

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

    CREATE TABLE timeline (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER timeline_is_never_changed BEFORE UPDATE ON timeline
        BEGIN SELECT RAISE(ABORT, 'the timeline is append-only'); END;
    CREATE TRIGGER timeline_is_never_cut BEFORE DELETE ON timeline
        BEGIN SELECT RAISE(ABORT, 'the timeline is append-only'); END;

    CREATE TABLE measurements (
        id TEXT PRIMARY KEY, at REAL NOT NULL, purpose TEXT NOT NULL,
        file TEXT NOT NULL, summary TEXT NOT NULL
    ) STRICT;

    CREATE TABLE checks (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, attempt INTEGER, task TEXT NOT NULL,
        outcome TEXT NOT NULL, verdicts TEXT NOT NULL
    ) STRICT;

    CREATE TABLE operations (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL,
        created REAL NOT NULL, ended REAL
    ) STRICT;
    CREATE TABLE operation_events (
        operation INTEGER NOT NULL REFERENCES operations(id), idx INTEGER NOT NULL,
        at REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY (operation, idx)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE hints (
        task TEXT NOT NULL, tier INTEGER NOT NULL, at REAL NOT NULL, cost REAL NOT NULL,
        PRIMARY KEY (task, tier)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, text TEXT NOT NULL) STRICT;

    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY AUTOINCREMENT, started REAL NOT NULL, ended REAL,
        state TEXT NOT NULL, stage TEXT NOT NULL, outcome TEXT, report TEXT
    ) STRICT;
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database up to date, each step in its own transaction.

    Raises:
        UserError: the store was written by a newer Drillyard.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise UserError(
            "This drill was made by a newer Drillyard",
            where=f"its store has version {version}, this program knows {len(MIGRATIONS)}",
            next_step="Update Drillyard, or start a new drill.",
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
