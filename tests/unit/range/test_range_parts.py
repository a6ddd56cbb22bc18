import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from drillyard.base.errors import MissingPartError
from drillyard.range import parts
from drillyard.range.parts import shelf, wheel
from drillyard.range.parts.part import Part
from drillyard.range.parts.upstream import Release


def test_a_part_of_a_wheel_is_unpacked_at_the_first_look_and_found_at_the_second() -> None:
    first = parts.find("valkey")
    assert first.path.is_relative_to(shelf.place("valkey"))
    assert first.path.stat().st_mode & 0o555 == 0o555
    assert parts.find("valkey") == first


def test_two_who_look_at_once_get_the_same_part() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: parts.find("haproxy").path, range(4)))
    assert len(found) == 1
    assert found.pop().exists()


def test_doctor_tells_of_every_part_what_is_lost_without_it() -> None:
    told = parts.doctor()
    assert {"postgres", "valkey", "haproxy", "prometheus", "promtool", "alertmanager"} <= {
        status.name for status in told
    }
    assert all(status.lost_without and status.how_to_get for status in told)
    assert all(status.part or status.problem for status in told)


def test_a_missing_part_says_where_it_was_looked_for_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingPartError, match=r"PATH.*drill setup"):
        parts.find("prometheus")


def test_a_shelf_entry_whose_program_is_gone_is_no_entry(tmp_path: Path) -> None:
    def make(place: Path) -> Part:
        program = place / "program"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o700)
        return Part("odd", program, "1.0", "test", {"LIB": str(place / "lib")})

    with shelf.locked("odd"):
        made = shelf.put("odd", "identity", make)
    assert made.env["LIB"] == str(shelf.place("odd") / "1.0" / "lib")
    entry = shelf.look("odd")
    assert entry is not None
    assert entry.part == made
    made.path.unlink()
    assert shelf.look("odd") is None


@pytest.mark.parametrize(
    ("found", "wanted", "enough"),
    [("18.1", (18,), True), ("2.8.25", (2, 8), True), ("2.6", (2, 8), False), ("", (1,), False)],
)
def test_versions_are_compared_by_number(found: str, wanted: tuple[int, ...], enough: bool) -> None:
    assert wheel.at_least(found, wanted) is enough


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server that has one release, and that release's checksum."""
    name = "tool-1.0.linux-amd64"
    archive = tmp_path / "site" / "tool" / "releases" / "download" / "v1.0" / f"{name}.tar.gz"
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo(f"{name}/tool")
        member.size, member.mode = 5, 0o755
        tar.addfile(member, io.BytesIO(b"hello"))
    handler = partial(_Quiet, directory=str(tmp_path / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", hashlib.sha256(archive.read_bytes()).hexdigest()
        server.shutdown()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.skipif("platform.machine() != 'x86_64'", reason="the release is made for amd64")
def test_an_upstream_release_is_used_only_with_the_pinned_checksum(
    tmp_path: Path, upstream: tuple[str, str]
) -> None:
    site, checksum = upstream
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    Release("tool", "1.0", {"amd64": checksum}, site).unpack(good, lambda _: None)
    assert (good / "tool").read_text() == "hello"
    with pytest.raises(MissingPartError, match="not the release that was pinned"):
        Release("tool", "1.0", {"amd64": "0" * 64}, site).unpack(bad, lambda _: None)
    assert not (bad / "tool").exists()
    with pytest.raises(MissingPartError, match="could not be downloaded"):
        Release("tool", "2.0", {"amd64": checksum}, site).unpack(bad, lambda _: None)
    with pytest.raises(MissingPartError, match="No release"):
        Release("tool", "1.0", {}, site).unpack(bad, lambda _: None)
