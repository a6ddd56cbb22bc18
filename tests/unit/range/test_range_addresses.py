import json
import socket
import sys
from pathlib import Path

import pytest

from drillyard.base.errors import UserError
from drillyard.range import addresses
from drillyard.range.addresses import STANDARD_PORTS, Addresses, hold, release, reserve, taken

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one loopback address")


def owner(directory: Path, name: str) -> Path:
    path = directory / name
    path.mkdir()
    return path


def test_every_endpoint_has_a_port_of_its_own() -> None:
    assert len(set(STANDARD_PORTS.values())) == len(STANDARD_PORTS)


def test_a_block_of_ports_holds_every_endpoint() -> None:
    assert len(STANDARD_PORTS) <= addresses._BLOCKS.step


def test_the_same_owner_keeps_its_addresses_and_others_get_other_ones(tmp_path: Path) -> None:
    first, second = owner(tmp_path, "first"), owner(tmp_path, "second")
    mine = reserve(first)
    assert reserve(first) == mine
    assert str(reserve(second).endpoint("http")) != str(mine.endpoint("http"))


def test_addresses_survive_being_written_down(tmp_path: Path) -> None:
    mine = reserve(owner(tmp_path, "mine"))
    assert Addresses.from_json(mine.to_json()) == mine


def test_a_reservation_ends_with_its_owner_or_when_it_is_released(tmp_path: Path) -> None:
    gone, done, stays = (owner(tmp_path, name) for name in ("gone", "done", "stays"))
    reserve(gone)
    release(reserve(done))
    gone.rmdir()
    reserve(stays)
    owners = {json.loads(file.read_text())["owner"] for file in (tmp_path / "home/addresses").glob("127*")}
    assert owners == {str(stays)}


def test_a_reservation_cut_short_by_a_crash_is_forgotten(tmp_path: Path) -> None:
    reserve(owner(tmp_path, "mine"))
    (tmp_path / "home" / "addresses" / "127.1.1.1").write_text('{"owner": "/')
    assert reserve(owner(tmp_path, "other")).host.startswith("127.")


def test_only_a_directory_that_exists_can_own_addresses(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        reserve(tmp_path / "nothing")


def test_a_running_range_is_held_against_a_second_start(tmp_path: Path) -> None:
    mine = reserve(owner(tmp_path, "mine"))
    with hold(mine), pytest.raises(UserError, match="running already"), hold(mine):
        pass
    with hold(mine):
        pass


def test_an_endpoint_somebody_listens_on_is_taken(tmp_path: Path) -> None:
    mine = reserve(owner(tmp_path, "mine"))
    endpoint = mine.endpoint("valkey")
    assert taken(mine) == {}
    with socket.create_server((endpoint.host, endpoint.port)):
        assert taken(mine) == {"valkey": endpoint.port}


@linux
def test_a_server_on_every_address_of_the_machine_moves_that_port_only(tmp_path: Path) -> None:
    with socket.socket() as everywhere:
        try:
            everywhere.bind(("0.0.0.0", STANDARD_PORTS["worker-reports-9"]))
        except OSError:
            pytest.skip("somebody has that port already")
        everywhere.listen()
        mine = reserve(owner(tmp_path, "mine"))
    assert mine.endpoint("worker-reports-9").port == STANDARD_PORTS["worker-reports-9"] + 10_000
    assert mine.endpoint("postgres").port == STANDARD_PORTS["postgres"]
