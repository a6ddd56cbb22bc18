"""Making one state of a range out of another: what a variant plants, what the reference solution repairs."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from drillyard.base.errors import DrillyardError, UserError
from drillyard.drill.content import scenario_of
from drillyard.drill.places import Record
from drillyard.range.components.postgres import Postgres
from drillyard.range.credentials import DATABASE, SUPERUSER
from drillyard.range.range import Range
from drillyard.range.workspace import create_workspace
from drillyard.range.workspace_git import start_repository
from drillyard.scenario.changes import Changes
from drillyard.scenario.edits import apply_edits

PAR = "par"


@dataclass(frozen=True)
class Plan:
    """What makes a subject's start state out of the default one."""

    overlays: tuple[Path, ...]
    changes: Changes


def plan_of(record: Record, subject: str) -> Plan:
    """The flaws of the drill's variant; for par the reference solution on top of them.

    Raises:
        UserError: there is no such scenario or variant, or it is broken.
    """
    scenario = scenario_of(record.scenario)
    changes = scenario.variant(record.variant).plan()
    if subject == PAR:
        changes = changes.then(scenario.par())
    return Plan((scenario.workspace,) if scenario.workspace else (), changes)


def make_workspace(destination: Path, range_: Range, plan: Plan) -> None:
    """Make a workspace in its planted state, with that as its first commit; it appears whole or not at all.

    Raises:
        UserError: `destination` cannot be written, or is there already and not empty.
    """
    building = destination.with_name(f".{destination.name}.new")
    shutil.rmtree(building, ignore_errors=True)
    create_workspace(building, range_.addresses, range_.credentials, plan.overlays, history=False)
    apply_edits(plan.changes, building)
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


async def plant(range_: Range, plan: Plan, tell: Callable[[str], None]) -> None:
    """Run the SQL of a plan on a range with fresh data, each statement on its own.

    Raises:
        DrillyardError: one failed; that is a fault of the scenario.
    """
    if not plan.changes.sql:
        return
    tell("preparing the database")
    dsns = {"owner": range_.credentials.dsn("shop_admin", range_.addresses), "superuser": _superuser(range_)}
    connections: dict[str, psycopg.AsyncConnection] = {}
    try:
        for statement in plan.changes.sql:
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


def _superuser(range_: Range) -> str:
    """A connection string for PostgreSQL's superuser, who gets in only over the Unix socket."""
    component = range_.supervisor.member("postgres").component
    assert isinstance(component, Postgres)
    port = range_.addresses.endpoint("postgres").port
    return f"host={component.socket_directory} port={port} user={SUPERUSER} dbname={DATABASE}"
