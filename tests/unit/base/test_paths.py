from pathlib import Path

import pytest

from drillyard.base import paths


def test_the_environment_overrides_where_drills_live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path))
    assert paths.home() == tmp_path


def test_a_user_gets_the_xdg_directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DRILLYARD_HOME", raising=False)
    monkeypatch.setattr(paths, "is_root", lambda: False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert paths.home() == tmp_path / "drillyard"


def test_root_keeps_drills_where_the_service_account_can_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRILLYARD_CACHE", raising=False)
    monkeypatch.setattr(paths, "is_root", lambda: True)
    assert paths.cache() == Path("/var/cache/drillyard")


def test_the_content_of_a_checkout_is_found() -> None:
    assert (paths.content() / "scenarios").is_dir()
