import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from drillyard.assess import kept
from drillyard.assess.check import Status
from drillyard.assess.measurement import Measurement
from drillyard.base.clock import wall
from drillyard.base.errors import UserError
from drillyard.base.paths import content
from drillyard.drill import once
from drillyard.drill.events import EVENT, Activity, Applied, ComponentEvent, NoteWritten
from drillyard.drill.history import history
from drillyard.drill.places import Places, Record, create, new_record
from drillyard.drill.results import Results
from drillyard.drill.store import CheckRow, MeasurementRow, Store
from drillyard.drill.story import story_of
from drillyard.drill.views import EvidenceView, ReportView, TaskVerdictView, VerdictView
from drillyard.scenario.scenario import Scenario

SLUG = "performance-optimization"
SCENARIO = Scenario.load(content() / "scenarios" / SLUG)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))
    return new_record(
        name="one", scenario=SLUG, variant="1", workspace=tmp_path / "w", traffic=False, scale=None
    )


@pytest.fixture
def places(record: Record) -> Places:
    return create(record)


@pytest.fixture
def store(places: Places) -> Iterator[Store]:
    opened = Store(places.store)
    yield opened
    opened.close()


def submitted(store: Store, outcome: str, points: float | None) -> int:
    attempt = store.begin_attempt()
    view = ReportView(attempt=attempt, outcome=outcome, points=points, markdown="", data="{}")
    store.end_attempt(attempt, outcome=outcome, report=view.model_dump_json())
    return attempt


def checked(store: Store, status: str, *, our_bug: bool = False, attempt: int | None = None) -> None:
    evidence = EvidenceView(
        what="Seen", status=status, value=1.0, low=None, high=None, threshold="x", unit="ms", source="s",
        look_next="", reason="",
    )  # fmt: skip
    check = VerdictView(id="c", title="C", status=status, reason="", our_bug=our_bug, evidence=[evidence])
    task = TaskVerdictView(task="t", title="T", outcome=status, checks=[check])
    store.keep_check(CheckRow(wall(), attempt, "t", status, task.model_dump_json()))


def test_the_best_attempt_is_one_that_passed_then_one_with_most_points(
    places: Places, store: Store, record: Record
) -> None:
    results = Results(places, store, record, SCENARIO)
    with pytest.raises(UserError, match="Nothing was submitted"):
        results.report()
    for outcome, points in (("fail", 98.0), ("pass", 80.0), ("pass", 90.0), ("inconclusive", None)):
        submitted(store, outcome, points)
    latest = results.report()
    assert (latest.attempt, latest.best) == (4, 3)
    assert [each.points for each in latest.attempts] == [98.0, 80.0, 90.0, None]
    assert results.report(1).outcome == "fail"
    with pytest.raises(UserError, match="no judged attempt 9"):
        results.report(9)


def test_history_tells_every_submission_of_every_drill(store: Store, record: Record, tmp_path: Path) -> None:
    submitted(store, "fail", 40.0)
    store.begin_attempt()
    create(
        new_record(
            name="two", scenario=SLUG, variant="2", workspace=tmp_path / "v", traffic=False, scale=None
        )
    )
    told = history().attempts
    assert [(each.drill, each.variant, each.attempt, each.outcome, each.points) for each in told] == [
        ("one", "1", 1, "fail", 40.0)
    ]


def test_a_report_of_an_older_version_is_still_read(places: Places, store: Store, record: Record) -> None:
    attempt = store.begin_attempt()
    old = json.dumps({"attempt": attempt, "outcome": "pass", "markdown": "# Old", "data": "{}"})
    store.end_attempt(attempt, outcome="pass", report=old)
    assert Results(places, store, record, SCENARIO).report().markdown == "# Old"


def test_what_passed_once_is_remembered_until_a_reset(store: Store) -> None:
    checked(store, "fail")
    assert once.passed(store) == {}
    checked(store, "pass", our_bug=True)
    checked(store, "pass", attempt=1)
    assert once.passed(store) == {}
    checked(store, "pass")
    checked(store, "fail")
    assert once.passed(store)["c"].evidence[0].status is Status.PASS
    store.reset(keep_notes=True)
    assert once.passed(store) == {}


def told_story(store: Store, *, passed: bool) -> tuple[bool, bool, bool]:
    story = story_of(store, SCENARIO, "1", drill="one", attempt=1, passed=passed)
    return bool(story.planted), bool(story.debrief), story.debrief_read


def test_a_riddle_is_kept_until_it_is_solved_or_given_up(
    places: Places, store: Store, record: Record
) -> None:
    assert told_story(store, passed=False) == (False, False, False)
    assert told_story(store, passed=True) == (True, True, False)
    assert Results(places, store, record, SCENARIO).debrief().planted
    assert told_story(store, passed=False) == (True, True, True)


def test_reading_the_debrief_after_passing_is_not_noted(places: Places, store: Store, record: Record) -> None:
    submitted(store, "pass", 100.0)
    Results(places, store, record, SCENARIO).debrief()
    assert not told_story(store, passed=False)[2]


def test_a_story_says_what_the_learner_did_and_what_happened(store: Store) -> None:
    store.append(Activity(command="measure"))
    store.append(Applied())
    store.append(ComponentEvent(what="died", component="valkey", detail="signal 9"))
    store.append(NoteWritten(text="found it"))
    store.take_hint("cache", 1, 5.0)
    story = story_of(store, SCENARIO, "1", drill="one", attempt=1, passed=False)
    assert [(line.by, line.text) for line in story.timeline] == [
        ("learner", "drill measure"),
        ("range", "valkey: died (signal 9)"),
        ("learner", "note: found it"),
        ("learner", "hint read: cache, tier 1 (5 points)"),
    ]
    assert story.hints_cost == 5.0


def test_every_event_says_who_did_it() -> None:
    kinds = EVENT.json_schema()["discriminator"]["mapping"]
    assert "debrief-read" in kinds
    assert len(kinds) > 15


def test_the_last_to_compare_with_is_no_check(
    places: Places, store: Store, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    nothing = Measurement(id="m", scenario=SLUG, variant="1", kind="measure", started=0, ended=1, windows=())

    def load(path: Path) -> Measurement:
        loaded.append(path.name)
        return nothing

    monkeypatch.setattr(kept, "load", load)
    results = Results(places, store, record, SCENARIO)

    def compared(*names: str) -> list[str]:
        loaded.clear()
        results.compare(*names)
        return list(loaded)

    for at, (name, purpose, label) in enumerate(
        [("c1", "check", ""), ("m1", "measure", "before"), ("c2", "check", "")]
    ):
        store.keep_measurement(MeasurementRow(name, float(at), purpose, name, label))
    with pytest.raises(UserError, match=r"`before` and `last` are one measurement, m1 \(before\)"):
        results.compare("before", "last")
    store.keep_measurement(MeasurementRow("m2", 4.0, "measure", "m2", ""))
    store.keep_measurement(MeasurementRow("c3", 5.0, "check", "c3", ""))
    assert compared("before", "last") == ["m1", "m2"]
    assert compared("first", "c3") == ["m1", "c3"]
    with pytest.raises(UserError, match=r"no measurement `never`.*m1 \(before\)"):
        results.compare("first", "never")
