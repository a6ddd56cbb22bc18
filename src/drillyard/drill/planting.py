"""Making one state of a range out of another: what a variant plants, what the reference solution repairs."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import psycopg

from drillyard.base.errors import DrillyardError, UserError
from drillyard.range.addresses import Addresses
from drillyard.range.credentials import Credentials
from drillyard.range.workspace import create_workspace
from drillyard.range.workspace_git import start_repository
from drillyard.scenario.changes import Changes, Statement
from drillyard.scenario.edits import apply_edits


def make_workspace(
    destination: Path,
    addresses: Addresses,
    credentials: Credentials,
    overlays: Sequence[Path],
    changes: Changes,
) -> None:
    """Make a workspace in its planted state, with that as its first commit; it appears whole or not at all.

    Raises:
        UserError: `destination` cannot be written, or is there already and not empty.
    """
    building = destination.with_name(f".{destination.name}.new")
    shutil.rmtree(building, ignore_errors=True)
    create_workspace(building, addresses, credentials, overlays, history=False)
    apply_edits(changes, building)
    start_repository(building, "Start of the drill")
    try:
        if destination.is_dir():
            destination.rmdir()
        building.rename(destination)
    except OSError as error:
        shutil.rmtree(building, ignore_errors=True)
        raise UserError(
            f"The workspace cannot be put here: {error.strerror}",
            where=str(destination),
            next_step="Choose another folder: drill start --workspace DIR",
        ) from error


async def run_statements(
    statements: Iterable[Statement], *, owner: str, superuser: str, tell: Callable[[str], None]
) -> None:
    """Run SQL on a fresh database, each statement on its own. `owner` and `superuser` are connection strings.

    Raises:
        DrillyardError: one failed; that is a fault of the scenario.
    """
    dsns = {"owner": owner, "superuser": superuser}
    connections: dict[str, psycopg.AsyncConnection] = {}
    try:
        for number, statement in enumerate(statements, start=1):
            if number % 20 == 1:
                tell("preparing the database")
            if statement.role not in connections:
                connections[statement.role] = await psycopg.AsyncConnection.connect(
                    dsns[statement.role], autocommit=True
                )
            try:
                await connections[statement.role].execute(statement.sql.encode())
            except psycopg.Error as error:
                raise DrillyardError(f"the scenario's SQL failed: {statement.sql!r}: {error}") from error
    finally:
        for connection in connections.values():
            await connection.close()
