import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

HERE = Path(__file__).parent
# For sites_stand.py, shared by these tests, and for ordinary_user.py.
sys.path[:0] = [str(HERE), str(HERE.parent / "range")]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that the service account can reach (pytest's own is closed to it)."""
    with TemporaryDirectory(prefix="drillyard-test-") as scratch:
        directory = Path(scratch)
        directory.chmod(0o755)
        monkeypatch.setenv("DRILLYARD_HOME", str(directory / "home"))
        yield directory


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
