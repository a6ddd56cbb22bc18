"""A Typer group that imports a command's module only when that command runs.

`drill --help` and completion would otherwise import everything (httpx, pydantic, NumPy, ...): half a second
for one line of help. This is the one place where modules are imported by name.
"""

import importlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from drillyard.cli.commands import BY_NAME, COMMANDS


class LazyGroup(TyperGroup):
    """The commands of the table, each loaded when it is needed."""

    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return [command.name for command in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself, or while commands are only listed a stand-in with its summary."""
        entry = BY_NAME.get(cmd_name)
        if entry is None:
            return None
        if self._listing:
            return TyperCommand(entry.name, help=entry.summary, rich_help_panel=entry.panel)
        module = importlib.import_module(f"drillyard.cli.{entry.module}")
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(entry.name)(module.command)
        command = typer.main.get_command(single)
        command.name = entry.name
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help, from the table alone."""
        with self._only_listing():
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Names of commands, from the table alone."""
        with self._only_listing():
            return super().shell_complete(ctx, incomplete)

    def _only_listing(self) -> AbstractContextManager[None]:
        @contextmanager
        def listing() -> Iterator[None]:
            self._listing = True
            try:
                yield
            finally:
                self._listing = False

        return listing()
