"""What a flaw is given: a seeded generator of numbers, and the ways to change a range."""

import json
import random
from collections.abc import Mapping

from drillyard.scenario.changes import (
    Changes,
    Edit,
    ReplaceText,
    Scalar,
    SetConf,
    SetLine,
    SetQuery,
    SetToml,
    Statement,
    WriteFile,
)


class Plant:
    """Collects the changes of one flaw. Nothing happens to any file or server here."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._edits: list[Edit] = []
        self._sql: list[Statement] = []

    def edit_toml(self, file: str, key: str, value: Scalar | list[Scalar] | dict[str, Scalar] | None) -> None:
        """Set `key` (dotted) in a TOML file of the workspace; None removes it."""
        self._edits.append(SetToml(file=file, key=key, value=value))

    def set_conf(self, file: str, key: str, value: str | int | float) -> None:
        """Set a directive of postgresql.conf or valkey.conf."""
        self._edits.append(SetConf(file=file, key=key, value=str(value)))

    def set_line(self, file: str, match: str, line: str) -> None:
        """Put `line` in the place of the one line that `match` (a regular expression) matches whole."""
        self._edits.append(SetLine(file=file, match=match, line=line))

    def replace(self, file: str, old: str, new: str) -> None:
        """Replace a text that must occur in the file."""
        self._edits.append(ReplaceText(file=file, old=old, new=new))

    def write(self, file: str, content: str) -> None:
        """Write a whole file of the workspace, such as an SQL override."""
        self._edits.append(WriteFile(file=file, content=content))

    def query(self, file: str, name: str, text: str) -> None:
        """Give one named query of an SQL file another text, which begins with its `-- name:` line."""
        self._edits.append(SetQuery(file=file, name=name, text=text))

    def sql(self, *statements: str) -> None:
        """Run on the fresh database as the shop's own role, which owns the tables."""
        self._sql += [Statement(sql=sql) for sql in statements]

    def superuser_sql(self, *statements: str) -> None:
        """Run on the fresh database as PostgreSQL's superuser."""
        self._sql += [Statement(sql=sql, role="superuser") for sql in statements]

    def job(self, kind: str, payload: Mapping[str, Scalar]) -> None:
        """Put a background job into the outbox, where the workers find it."""
        body = json.dumps(payload).replace("'", "''")
        self.sql(f"INSERT INTO outbox (kind, payload) VALUES ('{kind}', '{body}')")  # noqa: S608 - an author's

    @property
    def changes(self) -> Changes:
        """What has been collected so far."""
        return Changes(edits=tuple(self._edits), sql=tuple(self._sql))
