"""The host of a range as its operators know it: places, a shell, and a daemon that hears them."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.range.addresses import Addresses
from drillyard.range.component import Site
from drillyard.range.nursery_client import ledger_of
from drillyard.range.ops.answering import Operated, answer
from drillyard.range.ops.control import Control
from drillyard.range.ops.shell import Shell
from drillyard.range.ops.sites import Sites
from drillyard.range.privileges import Account

_GRACE_S = 1.0


class Host:
    """Of one range, `range_`, whose directory is `directory`."""

    def __init__(self, directory: Path, addresses: Addresses, account: Account, range_: Operated) -> None:
        self.sites = Sites(directory, account)
        self._ledger = ledger_of(directory)
        control = self.sites.root / "control"
        self.shell = Shell(
            self.sites,
            control,
            Site(directory / "postgres", addresses, account),
            Site(directory / "standby", addresses, account),
            addresses,
            self._ledger.mark,
        )
        self._control = Control(control, account, partial(answer, range_, self.sites))

    def prepare(self) -> None:
        """Make the places and the shell's scripts; blocking.

        Raises:
            UserError: they cannot be made.
        """
        self.sites.prepare()
        self.shell.prepare()

    def publish(self, files: Mapping[str, Path]) -> None:
        """Lay a configuration out where operators and their schedules read it; blocking.

        Raises:
            UserError: it cannot be written.
        """
        self.sites.publish(files)

    def lacks(self, files: Mapping[str, Path]) -> bool:
        """Whether one of the files of a configuration is gone from where `publish` lays it out; blocking."""
        return not all(os.path.lexists(self.sites.config / name) for name in files)

    def end_left(self) -> None:
        """End what operators, their schedule and PostgreSQL's commands left running; blocking, bounded.

        Raises:
            UserError: something does not end.
        """
        try:
            self._ledger.sweep(grace_s=_GRACE_S)
        except TimeoutError as error:
            raise UserError(
                f"What was left running on the shop's host does not end: {error}",
                where=str(self.sites.range_directory),
                next_step="Look at what it waits for, end it, and stop the drill again.",
            ) from error

    async def open(self) -> None:
        """Hear `shopctl` from now on."""
        await self._control.open()

    async def close(self) -> None:
        """Hear it no more."""
        await self._control.close()
