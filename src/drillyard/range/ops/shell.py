"""What a command finds that an operator runs on the shop's host: programs, places, and how to reach servers.

It runs under the service account, as the servers do. PostgreSQL's programs are reached through small scripts,
because their libraries are not the system's; `shopctl` starts and stops components.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from drillyard.range import parts
from drillyard.range.addresses import Addresses
from drillyard.range.component import Site
from drillyard.range.credentials import DATABASE, SUPERUSER
from drillyard.range.ops.sites import Sites
from drillyard.range.parts.part import Part
from drillyard.range.privileges import keeper, make_own_directory, write_file

_SCRIPT = """\
#!/bin/sh
{variables} exec {program} "$@"
"""


@dataclass(frozen=True)
class Shell:
    """The operators' shell of one range. `control` is where the daemon hears `shopctl`."""

    sites: Sites
    control: Path
    primary: Site
    standby: Site
    addresses: Addresses
    mark: Mapping[str, str]
    """By which whatever is started in it is known to belong to the range, and ended with it."""

    @property
    def bin(self) -> Path:
        """The scripts, first in the shell's PATH."""
        return self.sites.root / "bin"

    def prepare(self) -> None:
        """Write the scripts.

        Raises:
            MissingPartError: PostgreSQL is not installed.
            UserError: they cannot be written.
        """
        ours = keeper(self.sites.account)
        make_own_directory(self.bin, self.sites.account)
        postgres = parts.find("postgres")
        for program in _programs(postgres):
            write_file(self.bin / program.name, _script(postgres, program), ours, mode=0o750)
        shopctl = files("drillyard.range.ops").joinpath("shopctl.sh").read_text(encoding="utf-8")
        write_file(self.bin / "shopctl", shopctl, ours, mode=0o750)

    def environment(self) -> Mapping[str, str]:
        """The whole environment of a command."""
        endpoint = self.addresses.endpoint
        return {
            **self.mark,
            **self.sites.variables(),
            "PATH": os.pathsep.join(
                (str(self.bin), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin")
            ),
            "HOME": str(self.sites.home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PGDATA": str(self.primary.data),
            "PGHOST": str(self.primary.sockets),
            "PGPORT": str(endpoint("postgres").port),
            "PGUSER": SUPERUSER,
            "PGDATABASE": DATABASE,
            "STANDBY_DATA": str(self.standby.data),
            "STANDBY_HOST": str(self.standby.sockets),
            "STANDBY_PORT": str(endpoint("standby").port),
            "VALKEY_HOST": endpoint("valkey").host,
            "VALKEY_PORT": str(endpoint("valkey").port),
            "SHOP": f"http://{endpoint('http')}",
            "SHOPCTL_AT": str(self.control),
        }


def _programs(part: Part) -> list[Path]:
    """Everything that is executable beside the server."""
    return sorted(path for path in part.path.parent.iterdir() if path.is_file() and os.access(path, os.X_OK))


def _script(part: Part, program: Path) -> str:
    variables = " ".join(f"{name}='{value}'" for name, value in part.env.items())
    return _SCRIPT.format(variables=variables, program=f"'{program}'")
