import asyncio
from pathlib import Path

from drillyard.range.journal import complaints, follow, rotate, tail


def test_the_tail_is_the_last_lines_and_nothing_without_a_log(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    assert tail(log, 3) == []
    log.write_text("".join(f"{number}\n" for number in range(10)))
    assert tail(log, 2) == ["8", "9"]
    assert tail(log, 0) == []


def test_complaints_are_preferred_to_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("starting\nFATAL: no room\nbye\n")
    assert complaints(log) == ["FATAL: no room"]
    log.write_text("one\ntwo\n")
    assert complaints(log) == ["one", "two"]


def test_following_gives_whole_lines_as_they_come_also_after_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("old\n")

    async def scene() -> list[str]:
        seen = []
        lines = follow(log, lines=1, every_s=0.001)
        seen.append(await anext(lines))
        with log.open("a") as file:
            file.write("new\nunfin")
        seen.append(await anext(lines))
        with log.open("a") as file:
            file.write("ished\n")
        seen.append(await anext(lines))
        log.rename(tmp_path / "output.log.1")
        log.write_text("fresh\n")
        seen.append(await anext(lines))
        return seen

    assert asyncio.run(asyncio.wait_for(scene(), 5)) == ["old", "new", "unfinished", "fresh"]


def test_a_log_that_has_grown_large_is_put_aside_once(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    rotate(log)
    log.write_text("small")
    rotate(log)
    assert log.exists()
    with log.open("wb") as file:
        file.truncate((20 << 20) + 1)
    rotate(log)
    assert not log.exists()
    assert (tmp_path / "output.log.1").exists()
