from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here touches the drills or the parts of this machine."""
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DRILLYARD_CACHE", str(tmp_path / "cache"))
