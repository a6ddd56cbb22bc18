from datetime import UTC, datetime
from pathlib import Path

import pytest

from drillyard.range.scheduler.crontab import CrontabError, read
from drillyard.range.scheduler.process import Scheduler

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC).timestamp()


def at(hour: int, minute: int) -> float:
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC).timestamp()


def test_jobs_are_due_as_cron_has_it() -> None:
    jobs = read("*/5 * * * * one\n@hourly two\n17 14 1 3 * three\n@reboot four\n")
    assert [job.after(NOON) for job in jobs] == [at(12, 5), at(13, 0), at(14, 17), None]
    assert [job.command for job in jobs] == ["one", "two", "three", "four"]
    assert [job.line for job in jobs] == [1, 2, 3, 4]


def test_variables_hold_for_the_lines_below_them() -> None:
    first, second = read('# comment\n\nKEEP=3\n* * * * * a\nKEEP = "4 of 5"\nTO=\n* * * * * b $KEEP\n')
    assert first.variables == {"KEEP": "3"}
    assert second.variables == {"KEEP": "4 of 5", "TO": ""}
    assert second.command == "b $KEEP"


def test_a_command_may_assign_and_compare() -> None:
    (job,) = read("0 3 * * * A=1 backup.sh --to=$OFFSITE\n")
    assert job.command == "A=1 backup.sh --to=$OFFSITE"
    assert job.variables == {}


def test_percent_signs_begin_the_standard_input() -> None:
    plain, fed = read("* * * * * date +\\%H\n* * * * * cat > f%one%two\n")
    assert (plain.command, plain.stdin) == ("date +%H", "")
    assert (fed.command, fed.stdin) == ("cat > f", "one\ntwo\n")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("\n61 * * * * true", 2, "Bad minute"),
        ("* * * *", 1, "4 words"),
        ("* * * * *", 1, "no command"),
        ("@hourly", 1, "no command"),
        ("@fortnightly true", 1, "no @fortnightly"),
        ("backup every night please now", 1, "Bad minute"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(text: str, line: int, message: str) -> None:
    with pytest.raises(CrontabError, match=message) as caught:
        read(text)
    assert caught.value.line == line


def test_a_new_crontab_holds_from_when_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a new crontab would have run before it was there is not run; what the old one owed is."""
    started: list[str] = []
    monkeypatch.setattr(Scheduler, "start", lambda _, job: started.append(job.command))
    crontab = tmp_path / "crontab"
    crontab.write_text("@hourly old\n")
    scheduler = Scheduler(crontab, tmp_path / "runs.jsonl", since=NOON)
    scheduler.load()
    assert scheduler.next_at() == at(13, 0)

    crontab.write_text("* * * * * new\n")
    scheduler.turn(at(13, 0) + 1, reread=True)
    assert started == ["old"]
    assert scheduler.next_at() == at(13, 1)
    scheduler.turn(at(13, 1))
    assert started == ["old", "new"]


def test_what_ran_does_not_run_again_when_the_clock_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(Scheduler, "start", lambda _, job: started.append(job.command))
    crontab = tmp_path / "crontab"
    crontab.write_text("@hourly it\n")
    scheduler = Scheduler(crontab, tmp_path / "runs.jsonl", since=NOON)
    scheduler.load()
    for now in (at(13, 0), at(12, 30), at(13, 0)):
        scheduler.turn(now)
    assert started == ["it"]


def test_a_crontab_that_cannot_be_read_is_not_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text("@hourly old\n")
    scheduler = Scheduler(crontab, tmp_path / "runs.jsonl", since=NOON)
    scheduler.load()
    crontab.write_text("@hourly\n")
    scheduler.turn(NOON + 1, reread=True)
    assert [job.command for job in scheduler.jobs] == ["old"]
    assert "crontab not taken" in capsys.readouterr().out
