"""Changes to a range as pure data: what a variant plants, and what the reference solution repairs.

`edits` touch files of a rendered workspace, `sql` runs once on the fresh database (a row in `outbox` is a job
for the workers). Being data, the same changes go to the learner's range and its twin, and can be stored.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Scalar = bool | int | float | str


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SetToml(_Frozen):
    """Set one key (dotted) of a TOML file; comments and order stay. `value` None removes the key."""

    kind: Literal["toml"] = "toml"
    file: str
    key: str
    value: Scalar | list[Scalar] | dict[str, Scalar] | None


class SetConf(_Frozen):
    """Set one directive of postgresql.conf (`key = value`) or valkey.conf (`key value`)."""

    kind: Literal["conf"] = "conf"
    file: str
    key: str
    value: str


class ReplaceText(_Frozen):
    """Replace a text that must occur in the file."""

    kind: Literal["replace"] = "replace"
    file: str
    old: str
    new: str


class SetLine(_Frozen):
    """Put `line` in the place of the one line of a file that `match` (a regular expression) matches whole."""

    kind: Literal["line"] = "line"
    file: str
    match: str
    line: str


class WriteFile(_Frozen):
    """Write a whole file, such as an SQL override."""

    kind: Literal["write"] = "write"
    file: str
    content: str


class SetQuery(_Frozen):
    """Give one named query of an SQL file another text (with its `-- name:` line); empty removes it.

    A query that is in none of the workspace's files is the shipped one.
    """

    kind: Literal["query"] = "query"
    file: str
    name: str
    text: str = ""


Edit = Annotated[
    SetToml | SetConf | ReplaceText | SetLine | WriteFile | SetQuery, Field(discriminator="kind")
]


class Statement(_Frozen):
    """One SQL statement, run on its own outside any transaction block (so `VACUUM` works)."""

    sql: str
    role: Literal["owner", "superuser"] = "owner"


class Changes(_Frozen):
    """Everything that makes one state of a range out of another; edits first."""

    edits: tuple[Edit, ...] = ()
    sql: tuple[Statement, ...] = ()

    def then(self, later: "Changes") -> "Changes":
        """These changes followed by `later`."""
        return Changes(edits=self.edits + later.edits, sql=self.sql + later.sql)
