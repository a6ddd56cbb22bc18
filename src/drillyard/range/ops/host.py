"""The host of a range as its operators know it: places, a shell, and a daemon that hears them."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from drillyard.range.addresses import Addresses
from drillyard.range.component import Site
from drillyard.range.ops.answering import Operated, answer
from drillyard.range.ops.control import Control
from drillyard.range.ops.shell import Shell
from drillyard.range.ops.sites import Sites
from drillyard.range.privileges import Account


class Host:
    """Of one range, `range_`, whose directory is `directory`."""

    def __init__(self, directory: Path, addresses: Addresses, account: Account, range_: Operated) -> None:
        self.sites = Sites(directory, account)
        control = self.sites.root / "control"
        self.shell = Shell(
            self.sites,
            control,
            Site(directory / "postgres", addresses, account),
            Site(directory / "standby", addresses, account),
            addresses,
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

    async def open(self) -> None:
        """Hear `shopctl` from now on."""
        await self._control.open()

    async def close(self) -> None:
        """Hear it no more."""
        await self._control.close()
