import tempfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _the_service_account_reaches_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """pytest closes its directories to everybody else; as root, services run under another account."""
    base = tmp_path_factory.getbasetemp()
    for directory in (base, *base.parents):
        if directory == Path(tempfile.gettempdir()):
            break
        directory.chmod(0o755)
