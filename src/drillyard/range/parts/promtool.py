"""promtool, which checks Prometheus' configuration and rules; it comes with Prometheus."""

from pathlib import Path

from drillyard.base.errors import MissingPartError
from drillyard.range.parts import shelf, wheel
from drillyard.range.parts.part import Origin, Part, Progress, Recipe


class PromtoolRecipe(Recipe):
    """From PATH, else from beside the Prometheus that is on the shelf."""

    name = "promtool"
    title = "promtool"
    lost_without = "Prometheus' files are not checked before they are applied"
    how_to_get = "drill setup: it comes with Prometheus"
    essential = False

    def at_hand(self) -> Origin | None:
        """PATH, else beside Prometheus."""
        return wheel.in_path(self.name, ("promtool",), (2, 40), "--version") or self._beside()

    def fetch(self, destination: Path, progress: Progress) -> Part:
        """It has no source of its own.

        Raises:
            MissingPartError: always.
        """
        raise MissingPartError("promtool comes with Prometheus, which is missing", next_step=self.how_to_get)

    def _beside(self) -> Origin | None:
        entry = shelf.look("prometheus")
        if entry is None or not (tool := entry.part.program("promtool")).exists():
            return None
        part = Part(self.name, tool, entry.part.version, entry.part.source)
        return Origin(wheel.identity(tool), lambda _destination, _progress: part)


RECIPE = PromtoolRecipe()
