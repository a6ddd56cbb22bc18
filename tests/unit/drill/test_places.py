import os
import socket
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from drillyard.base.errors import NoDrillError, UserError
from drillyard.drill.places import Places, Record, all_drills, choose, create, default_name, new_record
from drillyard.drill.presence import Presence, daemon_of, listen, socket_address
from drillyard.drill.standing import standing
from drillyard.drill.store import Store


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))


def record(name: str, tmp_path: Path) -> Record:
    return new_record(
        name=name, scenario="s", variant="1", workspace=tmp_path / f"w-{name}", traffic=True, scale=None
    )


def test_a_drill_is_found_again_as_it_was_made(tmp_path: Path) -> None:
    made = record("one", tmp_path)
    places = create(made)
    assert Record.read(places) == made
    assert [each.name for each in all_drills()] == ["one"]
    assert places.private.stat().st_mode & 0o077 == 0


def test_the_only_drill_needs_no_name_and_two_do(tmp_path: Path) -> None:
    with pytest.raises(NoDrillError, match="no drill yet"):
        choose(None)
    create(record("one", tmp_path))
    assert choose(None).name == "one"
    create(record("two", tmp_path))
    with pytest.raises(NoDrillError, match="one, two") as refused:
        choose(None)
    assert "`drill status --drill one`" in refused.value.next_step
    assert "export DRILL=one" in refused.value.next_step
    assert choose("two").name == "two"
    with pytest.raises(NoDrillError, match="There are: one, two"):
        choose("three")


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    create(record("one", tmp_path))
    with pytest.raises(UserError, match="already"):
        create(record("one", tmp_path))
    assert default_name("one") == "one-2"


def test_nothing_of_the_learners_is_overwritten(tmp_path: Path) -> None:
    made = record("one", tmp_path)
    Path(made.workspace).mkdir()
    (Path(made.workspace) / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="not empty"):
        create(made)
    assert all_drills() == []


def test_a_workspace_is_a_folder_that_can_be_made(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for workspace in (file, file / "below" / "deep"):
        with pytest.raises(UserError, match="cannot be put here: Not a directory"):
            create(replace(record("one", tmp_path), workspace=str(workspace)))
    assert all_drills() == []
    create(replace(record("one", tmp_path), workspace=str(tmp_path / "new" / "deep" / "w")))
    empty = tmp_path / "empty"
    empty.mkdir()
    create(replace(record("two", tmp_path), workspace=str(empty)))


def test_a_workspace_where_one_may_not_write_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match=f"you may not write to {tmp_path}"):
        create(record("one", tmp_path))
    assert all_drills() == []


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "-a", "x" * 42])
def test_a_name_that_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be the name"):
        create(record(name, tmp_path))


def test_there_is_one_daemon_a_drill(tmp_path: Path) -> None:
    places = create(record("one", tmp_path))
    presence = Presence.take(places)
    assert presence is not None
    assert Presence.take(places) is None
    daemon = daemon_of(places)
    assert daemon is not None
    assert daemon.pid == os.getpid()
    presence.leave()
    assert daemon_of(places) is None
    again = Presence.take(places)
    assert again is not None
    again.leave()


def test_what_a_drill_is_in_is_told_without_its_daemon(tmp_path: Path) -> None:
    places = create(record("one", tmp_path))
    assert standing(places) == "down"
    presence = Presence.take(places)
    assert presence is not None
    with closing(Store(places.store)) as store:
        assert standing(places) == "running"
        store.set("desired", "stopped")
        assert standing(places) == "stopped"  # its daemon lives on for a moment
        presence.leave()
        store.set("desired", "paused")
        assert standing(places) == "paused"
        store.set("desired", "running")
        assert standing(places) == "down"
    places.store.write_bytes(b"no database")
    assert standing(places) == "down"


def test_the_socket_is_made_without_touching_what_others_make_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The umask is that of all threads: a directory of the database's copy had nobody who could pass it."""
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail(f"umask {mask:o}"))
    places = Places(tmp_path)
    places.private.mkdir(parents=True)
    with listen(places):
        assert stat.S_IMODE(places.socket.stat().st_mode) == 0o600


def test_the_socket_is_private_and_reached_under_a_long_path_too(tmp_path: Path) -> None:
    places = Places(tmp_path / ("x" * 120) / "drill")
    places.private.mkdir(parents=True)
    with listen(places) as listener, socket.socket(socket.AF_UNIX) as caller:
        assert places.socket.stat().st_mode & 0o777 == 0o600
        caller.connect(socket_address(places.socket))
        listener.accept()[0].close()
