"""The shop's named queries: the shipped .sql files, and a directory whose queries replace them.

The files are aiosql's (https://nackjicholson.github.io/aiosql/): `-- name: product_by_id(product)^`, then SQL
with `:product`. The sign after the name says what comes back: `^` one row, `!` the number of changed rows,
nothing: rows.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

from aiosql.adapters.pyformat import PyFormatAdapter
from aiosql.query_loader import QueryLoader
from aiosql.types import QueryDatum, SQLOperationType
from aiosql.utils import SQLParseException

from storefront.settings import SettingsProblem

_NAME = re.compile(r"^\s*--\s*name\s*:\s*(?P<spec>.*?)\s*$")
_FIRST_WORD = re.compile(r"\w+")
_IN_MESSAGE = re.compile(r" at [^ ]+:\d+\b")
SIGNS = {
    SQLOperationType.SELECT: "no sign (rows)",
    SQLOperationType.SELECT_ONE: "^ (one row)",
    SQLOperationType.INSERT_UPDATE_DELETE: "! (number of changed rows)",
}


class _Adapter(PyFormatAdapter):  # aiosql's adapters carry no annotations
    """`:name` to psycopg's `%(name)s`; a literal percent sign is doubled."""

    def process_sql(self, query_name: str, op_type: SQLOperationType, sql: str) -> str:
        """The text that psycopg is given."""
        doubled = sql.replace("%", "%%")
        return str(super().process_sql(query_name, op_type, doubled))  # type: ignore[no-untyped-call]  # as below


_LOADER = QueryLoader(_Adapter(), {})  # type: ignore[no-untyped-call]  # aiosql has no annotations here


class QueryError(Exception):
    """The SQL files were refused; `problems` says why, each with file and line."""

    def __init__(self, problems: list[SettingsProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True)
class Query:
    """One named query. `text` begins with a comment that names it, to be found in pg_stat_activity."""

    name: str
    text: str
    parameters: frozenset[str]
    operation: SQLOperationType
    file: str
    line: int


class Queries(Mapping[str, Query]):
    """All queries by name."""

    def __init__(self, queries: Mapping[str, Query]) -> None:
        self._queries = dict(queries)

    def __getitem__(self, name: str) -> Query:
        return self._queries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._queries)

    def __len__(self) -> int:
        return len(self._queries)


def parse(text: str, file: str) -> list[Query]:
    """The queries of one file.

    Raises:
        QueryError: a name, a list of parameters or the SQL of a query is wrong.
    """
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if _NAME.match(line)]
    queries, problems = [], []
    for start, end in pairwise([*starts, len(lines)]):
        try:
            (datum,) = _LOADER.load_query_data_from_sql("\n".join(lines[start:end]), [], file)
        except SQLParseException as error:
            problems.append(SettingsProblem(file, start + 1, _IN_MESSAGE.sub("", str(error))))
        else:
            queries.append(_query(datum, file, start + 1))
    if problems:
        raise QueryError(problems)
    return queries


def _query(datum: QueryDatum, file: str, line: int) -> Query:
    sql = datum.sql.strip().rstrip(";")
    return Query(
        name=datum.query_name,
        text=_FIRST_WORD.sub(rf"\g<0> /* {datum.query_name} */", sql, count=1),
        parameters=frozenset(datum.parameters or ()),
        operation=datum.operation_type,
        file=file,
        line=line,
    )


@cache
def _shipped_files() -> dict[str, list[Query]]:
    """The queries of each shipped file, by its text."""
    found = {}
    for file in sorted(files("storefront.sql").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".sql"):
            text = file.read_text(encoding="utf-8")
            found[text] = parse(text, file.name)
    return found


@cache
def shipped() -> Queries:
    """The queries that come with the shop; read once, for a forked child may not be able to."""
    return Queries({query.name: query for queries in _shipped_files().values() for query in queries})


def load(directory: Path | None, base: Queries | None = None) -> Queries:
    """The shipped queries (or `base`), with those in `directory` in place of their namesakes.

    Raises:
        QueryError: a file cannot be read, or a query in it is unknown, asks for other parameters or gives
            something else back.
    """
    base = base or shipped()
    if directory is None:
        return base
    found, problems = dict(base), []
    if not directory.is_dir():
        raise QueryError([SettingsProblem(str(directory), 0, "there is no such directory")])
    for path in sorted(directory.glob("*.sql")):
        try:
            text = path.read_text(encoding="utf-8")
            # A copy that nobody changed need not be parsed again: that saves each process 2 MB of its own.
            queries = _shipped_files().get(text) or parse(text, str(path))
        except QueryError as error:
            problems += error.problems
            continue
        except (OSError, UnicodeDecodeError) as error:
            problems.append(SettingsProblem(str(path), 0, f"cannot be read: {error}"))
            continue
        for query in queries:
            if reason := _refusal(query, base):
                problems.append(reason)
            found[query.name] = query
    if problems:
        raise QueryError(problems)
    return Queries(found)


def _refusal(query: Query, base: Queries) -> SettingsProblem | None:
    if query.name not in base:
        near = get_close_matches(query.name, list(base), n=1)
        expected = f"{near[0]!r}, perhaps" if near else "the name of a shipped query"
        return SettingsProblem(query.file, query.line, f"the shop has no query {query.name!r}", expected)
    original = base[query.name]
    if strange := query.parameters - original.parameters:
        named = ", ".join(f":{name}" for name in sorted(original.parameters)) or "none"
        message = f"{query.name} is not given :{sorted(strange)[0]}"
        return SettingsProblem(query.file, query.line, message, f"parameters out of: {named}")
    if query.operation is not original.operation:
        message = f"{query.name} has the wrong sign after its name"
        return SettingsProblem(query.file, query.line, message, SIGNS[original.operation])
    return None
