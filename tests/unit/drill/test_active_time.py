from drillyard.drill.active_time import IDLE_AFTER_S, active_seconds
from drillyard.drill.events import Activity, DaemonStarted, Entry, Event, Paused, RangeStarted, Reset, Resumed


def entries(*events: tuple[float, Event]) -> list[Entry]:
    return [Entry(index=i, at=at, event=event) for i, (at, event) in enumerate(events, start=1)]


def test_nothing_done_is_no_time() -> None:
    assert active_seconds([], 1e9) == 0


def test_the_clock_runs_between_commands_and_until_now() -> None:
    assert active_seconds(entries((0, Activity(command="a")), (60, Activity(command="b"))), 90) == 90


def test_a_long_silence_counts_only_as_long_as_the_idle_limit() -> None:
    assert (
        active_seconds(entries((0, Activity(command="a")), (7200, Activity(command="b"))), 7200)
        == IDLE_AFTER_S
    )


def test_a_pause_counts_nothing() -> None:
    line = entries(
        (0, Activity(command="a")), (100, Paused()), (500, Resumed()), (510, Activity(command="b"))
    )
    assert active_seconds(line, 510) == 110


def test_nothing_counts_before_the_range_came_up() -> None:
    line = entries(
        (0, Activity(command="start")),
        (300, Activity(command="start")),
        (310, RangeStarted(took_s=5)),
        (340, RangeStarted(took_s=5)),
        (370, Activity(command="b")),
    )
    assert active_seconds(line, 380) == 70


def test_a_reset_starts_the_clock_anew() -> None:
    assert active_seconds(entries((0, Activity(command="a")), (100, Reset())), 130) == 30


def test_after_a_crash_the_clock_waits_for_the_learner() -> None:
    line = entries((0, Activity(command="a")), (100, DaemonStarted(pid=1, recovered=True)))
    assert active_seconds(line, 400) == 100
