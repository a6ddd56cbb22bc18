import os
from pathlib import Path

import pytest

from drillyard.base.errors import UserError
from drillyard.base.paths import is_root
from drillyard.range.privileges import (
    Account,
    check_reachable,
    make_directory,
    make_own_directory,
    service_account,
    write_file,
)

as_root = pytest.mark.skipif(not is_root(), reason="only root can give files away")


def test_services_never_run_as_root() -> None:
    assert service_account().uid != 0


@as_root
def test_an_account_that_is_named_is_taken_and_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLYARD_ACCOUNT", "root")
    with pytest.raises(UserError, match="must not run as root"):
        service_account()
    monkeypatch.setenv("DRILLYARD_ACCOUNT", "nobody-knows-me")
    with pytest.raises(UserError, match="useradd"):
        service_account()


@as_root
def test_data_belongs_to_the_account_and_configuration_to_us(tmp_path: Path) -> None:
    account = service_account()
    assert make_directory(tmp_path / "data", account).stat().st_uid == account.uid
    ours = make_own_directory(tmp_path / "config", account).stat()
    assert (ours.st_uid, ours.st_gid, ours.st_mode & 0o777) == (0, account.gid, 0o750)


def test_a_file_is_replaced_whole_and_never_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".file.new").symlink_to(victim)
    (tmp_path / "file").symlink_to(victim)
    write_file(tmp_path / "file", "content", service_account())
    assert victim.read_text() == "precious"
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "file").read_text() == "content"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=str(tmp_path / "no")):
        make_directory(tmp_path / "no" / "where", service_account())


def test_a_closed_directory_on_the_way_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    other = Account(os.geteuid() + 1, os.getegid() + 1, "somebody", Path("/"))
    with pytest.raises(UserError, match="chmod o\\+x"):
        check_reachable(closed / "inner", other)


def test_a_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(elsewhere)
    with pytest.raises(UserError, match="symbolic link"):
        make_directory(tmp_path / "link", service_account(), mode=0o700)
    assert elsewhere.stat().st_mode & 0o777 == 0o755
