import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_terminal import Terminal


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    home = Path(tempfile.mkdtemp(prefix="drillyard-e2e-"))
    home.chmod(0o755)  # the service account has to pass
    terminal = Terminal(home)
    yield terminal
    for drill in (home / "data/drills").glob("*"):
        terminal.run("stop", "--delete", "--yes", "--drill", drill.name, code=None)
    shutil.rmtree(home, ignore_errors=True)
