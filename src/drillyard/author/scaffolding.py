"""`drill new`: a scenario that certifies from the beginning; its author changes it from green to green."""

import os
import shutil
from pathlib import Path

from drillyard.author.planning import slug_of
from drillyard.author.schema import write_schema
from drillyard.base.errors import UserError

SCAFFOLD = Path(__file__).parent / "scaffold"
_EXECUTABLE = ("run",)


def new_scenario(slug: str, into: Path, title: str = "") -> Path:
    """Write a scenario called `slug` into a directory of its own under `into`.

    Raises:
        UserError: it is no name for a scenario, the directory is there already, or cannot be written.
    """
    if slug != slug_of(slug):
        raise UserError(f"`{slug}` is no name for a scenario", next_step=f"Call it `{slug_of(slug)}`, say.")
    directory = into / slug
    if os.path.lexists(directory):
        raise UserError("There is something of this name already", where=str(directory))
    named = title or slug.replace("-", " ").capitalize()
    try:
        shutil.copytree(SCAFFOLD, directory, ignore=shutil.ignore_patterns("__pycache__", "__init__.py"))
        for path in directory.rglob("*"):
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                path.write_text(text.replace("@TITLE@", named.replace('"', "'")), encoding="utf-8")
                path.chmod(0o755 if path.name in _EXECUTABLE else 0o644)
        write_schema(into)
    except OSError as error:
        shutil.rmtree(directory, ignore_errors=True)
        raise UserError(f"The scenario cannot be written: {error.strerror}", where=str(directory)) from error
    return directory
