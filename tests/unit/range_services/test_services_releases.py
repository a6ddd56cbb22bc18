from pathlib import Path

import pytest

from drillyard.base.errors import DrillyardError, InvalidFilesError
from drillyard.range.addresses import STANDARD_PORTS, Addresses
from drillyard.range.component import Site
from drillyard.range.credentials import Credentials
from drillyard.range.privileges import service_account
from drillyard.range.releases import KEPT, Releases
from drillyard.range.workspace import create_workspace

ADDRESSES = Addresses("127.9.8.7", STANDARD_PORTS)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return create_workspace(tmp_path / "workspace", ADDRESSES, Credentials.generate(), history=False)


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    (tmp_path / "range").mkdir()
    return Releases(tmp_path / "range")


def test_before_the_first_release_there_is_none(releases: Releases) -> None:
    assert not releases.exists
    with pytest.raises(DrillyardError, match="nothing was released"):
        _ = releases.current


def test_a_release_is_a_copy_that_later_edits_do_not_reach(releases: Releases, workspace: Path) -> None:
    release = releases.first(workspace)
    (workspace / "valkey/valkey.conf").write_text("# changed\n")
    assert "maxmemory" in release.files_of("valkey")["valkey.conf"].read_text()
    assert releases.current == release


def test_a_release_that_was_added_is_not_in_force(releases: Releases, workspace: Path) -> None:
    first = releases.first(workspace)
    second = releases.add(workspace)
    assert releases.current == first
    releases.put_in_force(second)
    assert releases.current == second
    assert second.number == first.number + 1


def test_an_apply_that_was_cut_short_before_the_switch_never_happened(
    releases: Releases, workspace: Path
) -> None:
    first = releases.first(workspace)
    second = releases.add(workspace)
    releases.begin(second)
    assert Releases(releases.directory.parent).recover() == second
    assert releases.current == first
    assert not second.directory.exists()
    assert releases.recover() is None


def test_an_apply_that_was_cut_short_after_the_switch_is_complete(
    releases: Releases, workspace: Path
) -> None:
    releases.first(workspace)
    second = releases.add(workspace)
    releases.put_in_force(second)
    releases.begin(second)  # as if the last step of put_in_force had not been reached
    assert releases.recover() is None
    assert releases.current == second
    assert second.directory.exists()


def test_old_releases_are_forgotten_but_not_the_one_in_force(releases: Releases, workspace: Path) -> None:
    releases.first(workspace)
    for _ in range(KEPT + 3):
        releases.put_in_force(releases.add(workspace))
    kept = [path for path in releases.directory.iterdir() if path.name.isdigit()]
    assert len(kept) == KEPT
    assert releases.current.directory in kept


def test_a_bad_workspace_leaves_no_release_behind(releases: Releases, workspace: Path) -> None:
    releases.first(workspace)
    (workspace / "valkey/valkey.conf").write_bytes(b"maxmemory 1mb\n# caf\xe9\n")
    with pytest.raises(InvalidFilesError, match=r"valkey/valkey\.conf:2: is not UTF-8"):
        releases.add(workspace)
    assert [path.name for path in releases.directory.iterdir() if path.name.isdigit()] == ["0001"]


def test_installing_removes_what_went_away_and_keeps_what_others_wrote(
    releases: Releases, workspace: Path, tmp_path: Path
) -> None:
    site = Site(tmp_path / "range" / "prometheus", ADDRESSES, service_account())
    releases.first(workspace).install("prometheus", site)
    (site.config / "targets").mkdir()
    (site.config / "targets" / "storefront.json").write_text("[]")
    (workspace / "prometheus/rules/range.yml").unlink()
    (workspace / "prometheus/rules/mine.yml").write_text("groups: []\n")
    releases.add(workspace).install("prometheus", site)
    files = {path.relative_to(site.config).as_posix() for path in site.config.rglob("*.*") if path.is_file()}
    assert files - {".installed"} == {"prometheus.yml", "rules/mine.yml", "targets/storefront.json"}


def test_installing_says_whether_a_file_was_not_there_or_another_was(
    releases: Releases, workspace: Path, tmp_path: Path
) -> None:
    site = Site(tmp_path / "range" / "valkey", ADDRESSES, service_account())
    release = releases.first(workspace)
    assert release.install("valkey", site)
    assert not release.install("valkey", site)
    (site.config / "valkey.conf").write_text("maxmemory 1gb\n")
    assert release.install("valkey", site)
    (site.config / "valkey.conf").unlink()
    assert release.install("valkey", site)
    assert not release.install("valkey", site)


def test_a_service_may_read_its_configuration_and_not_change_it(
    releases: Releases, workspace: Path, tmp_path: Path
) -> None:
    account = service_account()
    site = Site(tmp_path / "range" / "valkey", ADDRESSES, account)
    releases.first(workspace).install("valkey", site)
    status = (site.config / "valkey.conf").stat()
    assert status.st_mode & 0o777 == 0o640
    assert status.st_gid == account.gid
    assert account.is_current or status.st_uid != account.uid
