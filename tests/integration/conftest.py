"""What tests of running ranges share; a directory may have its own instead."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory that the service account can reach (pytest's own is closed to it)."""
    with TemporaryDirectory(prefix="drillyard-test-") as scratch:
        directory = Path(scratch)
        directory.chmod(0o755)
        before = os.environ.get("DRILLYARD_HOME")
        os.environ["DRILLYARD_HOME"] = str(directory / "home")
        yield directory
        if before is None:
            del os.environ["DRILLYARD_HOME"]
        else:
            os.environ["DRILLYARD_HOME"] = before
