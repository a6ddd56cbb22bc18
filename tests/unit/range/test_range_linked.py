"""Links that lead out of a place."""

import os
from pathlib import Path

import pytest

from drillyard.faults.files import wipe
from drillyard.range.linked import leading_out, linked_elsewhere


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    data, offsite = tmp_path / "data", tmp_path / "offsite"
    (data / "base" / "1").mkdir(parents=True)
    offsite.mkdir()
    (data / "base" / "1" / "16384").write_text("rows")
    return data, offsite


def test_a_second_name_elsewhere_is_found_and_one_within_is_well(places: tuple[Path, Path]) -> None:
    data, offsite = places
    os.link(data / "base" / "1" / "16384", data / "base" / "again")
    assert linked_elsewhere(data) is None
    os.link(data / "base" / "1" / "16384", offsite / "kept")
    assert linked_elsewhere(data) == data / "base" / "again"
    assert linked_elsewhere(offsite) == offsite / "kept"
    assert linked_elsewhere(data, offsite) is None


@pytest.mark.parametrize(
    ("target", "leads_out"),
    [("../offsite/wal", True), ("/etc", True), ("base", False), ("./base/../base/1", False), ("gone", False)],
)
def test_a_symbolic_link_is_asked_where_it_leads(
    places: tuple[Path, Path], target: str, leads_out: bool
) -> None:
    data, offsite = places
    (offsite / "wal").mkdir()
    link = data / "base" / "latest" if target.startswith("..") else data / "latest"
    link.symlink_to(target.replace("../offsite", "../../offsite"))
    assert leading_out(data) == (link if leads_out else None)


def test_a_place_that_is_a_link_leads_out(places: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "data2").symlink_to(places[0])
    assert leading_out(tmp_path / "data2") == tmp_path / "data2"


def test_what_is_wiped_is_gone_under_its_other_names_and_for_whoever_has_it_open(
    places: tuple[Path, Path],
) -> None:
    data, offsite = places
    os.link(data / "base" / "1" / "16384", offsite / "kept")
    with (data / "base" / "1" / "16384").open() as opened:
        wipe([data])
        assert opened.read() == ""
    assert list(data.iterdir()) == []
    assert (offsite / "kept").read_text() == ""


def test_what_is_not_there_or_no_directory_is_passed_over(places: tuple[Path, Path], tmp_path: Path) -> None:
    data, _ = places
    os.mkfifo(tmp_path / "pipe")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    wipe([tmp_path / "gone", tmp_path / "pipe", closed, data])
    assert list(data.iterdir()) == []


def test_links_among_places_that_are_taken_together_are_well(places: tuple[Path, Path]) -> None:
    data, offsite = places
    (data / "wal").symlink_to(offsite)
    assert leading_out(data) == data / "wal"
    assert leading_out(data, offsite) is None
