"""The ledger: complete lines count, a torn one does not."""

import os
import threading
from pathlib import Path

import pytest

from drillyard.base.errors import UserError
from drillyard.traffic.ledger import Entry, LedgerWriter, WriteClass, read


def entry(number: int) -> Entry:
    return Entry(
        WriteClass.ACKNOWLEDGED, f"key-{number}", 1.0, 2.0, 3.0, 7, number, f"N{number}", 100 * number
    )


def write(path: Path, *numbers: int) -> None:
    writer = LedgerWriter(path)
    for number in numbers:
        writer.append(entry(number))
    writer.close()


def test_entries_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.jsonl"
    refused = Entry(WriteClass.REFUSED, "key", 1.0)
    writer = LedgerWriter(path)
    writer.append(entry(1))
    writer.append(refused)
    writer.close()
    assert list(read(path)) == [entry(1), refused]
    assert path.stat().st_mode & 0o077 == 0, "only its owner can read or change it"


def test_done_is_called_once_the_entry_is_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    writer = LedgerWriter(path)
    seen: list[list[Entry]] = []
    done = threading.Event()

    def look() -> None:
        seen.append(list(read(path)))
        done.set()

    writer.append(entry(1), look)
    assert done.wait(10)
    writer.close()
    assert seen == [[entry(1)]]


@pytest.mark.parametrize("kept", range(1, 60, 7))
def test_a_torn_last_line_is_left_out_and_mended_by_the_next_run(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "ledger.jsonl"
    write(path, 1, 2)
    whole = path.read_bytes()
    second = whole.index(b"\n") + 1
    os.truncate(path, second + kept)
    assert list(read(path)) == [entry(1)]
    write(path, 3)
    assert list(read(path)) == [entry(1), entry(3)]


def test_damage_in_the_middle_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    write(path, 1, 2)
    path.write_bytes(b"{broken\n" + path.read_bytes())
    with pytest.raises(UserError, match=r"ledger\.jsonl:1"):
        list(read(path))


def test_a_missing_ledger_has_no_entries(tmp_path: Path) -> None:
    assert list(read(tmp_path / "none")) == []


def test_a_long_torn_line_without_any_whole_one_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"x" * 10_000)
    write(path, 1)
    assert list(read(path)) == [entry(1)]
