"""A run without a drill: what the toolkit is given, what it gives, what is kept of it."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drillyard.base.errors import DrillyardError, UserError
from drillyard.chaos.feed import SUCCESS, Feed
from drillyard.chaos.journals import as_json, files_for, write
from drillyard.chaos.outcome import Outcome, outcome_of, said_by, told, tolerance
from drillyard.chaos.page import page
from drillyard.chaos.running import Ran, act_on, alone, drill_of, run
from drillyard.chaos.seen import FaultSpan, Look, Sample, looked_at, samples, seen
from drillyard.chaos.steps import Part, Steps
from drillyard.chaos.toolkit_log import set_up_log
from drillyard.drill.places import Places
from drillyard.drill.readings_now import ReadingView

MODULE = """
import os, signal, time
asked = []
def answer(value, configuration=None):
    asked.append((configuration or {}).get("drill"))
    return value
def once(values):
    return values.pop(0)
def fail():
    raise ValueError("it cannot be done")
def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)
"""
FAULT = FaultSpan(3, "process.kill-9", 0.0, None, {"component": "storefront-1"})


class FakeWatcher:
    """A drill with one reading, and with one fault that is on."""

    def __init__(self, *, broken: bool = False) -> None:
        self.ended: list[int] = []
        self._broken = broken

    def look(self) -> Look:
        time.sleep(0.02)
        if self._broken:
            raise DrillyardError("nobody answers")
        now = time.time()
        return Look(now - 0.02, now, {"latency.p95": Sample(30.0, "ms")}, (FAULT,))

    def faults(self, since: float) -> Sequence[FaultSpan]:
        return [replace(FAULT, began=since + 0.01)]

    def end(self, fault: FaultSpan) -> None:
        self.ended.append(fault.number)


Provide = Callable[..., dict[str, Any]]


@pytest.fixture
def provide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Provide:
    """Makes an activity of a function of `MODULE`."""
    name = f"of_a_test_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def make(function: str, *, of: str = "probe", **arguments: object) -> dict[str, Any]:
        provider = {"type": "python", "module": name, "func": function, "arguments": arguments}
        return {"type": of, "name": f"it-{function}", "provider": provider}

    return make


def experiment(probe: dict[str, Any] | None, *method: dict[str, Any], **more: object) -> dict[str, Any]:
    found: dict[str, Any] = {"title": "Of a test", "description": "d", "method": list(method), **more}
    if probe:
        found["steady-state-hypothesis"] = {"title": "All is well", "probes": [{**probe, "tolerance": 1}]}
    return found


def ran(of: dict[str, Any], watcher: FakeWatcher | None = None) -> tuple[Ran, Steps, list[str]]:
    set_up_log(verbose=False)
    lines: list[str] = []
    steps = Steps(lines.append)
    return run(of, watcher or FakeWatcher(), steps), steps, lines


def test_a_run_is_told_step_by_step_and_kept_as_the_toolkit_gives_it(provide: Provide) -> None:
    process = {
        "type": "action",
        "name": "sh",
        "provider": {"type": "process", "path": "echo", "arguments": "hi"},
    }
    of = experiment(
        provide("answer", value=1), process, rollbacks=[provide("answer", of="action", value="back")]
    )
    found, steps, lines = ran(of)
    assert outcome_of(found.journal) is Outcome.HELD
    assert told(found.journal) == "The hypothesis held afterwards."
    assert [part.part for part in steps.parts] == [Part.BEFORE, Part.METHOD, Part.AFTER, Part.ROLLBACKS]
    assert lines[0] == "hypothesis before"
    assert "  hypothesis before: it holds" in lines
    assert any(line.startswith("  sh: ") and "hi" in line for line in lines)
    kept = json.loads(as_json(found.journal))
    assert kept["status"] == "completed"
    assert kept["experiment"]["dry"] is None
    assert [each["status"] for each in kept["run"]] == ["succeeded"]


@pytest.mark.parametrize(
    ("strategy", "outcome", "said"),
    [
        (
            "before-method-only",
            Outcome.DONE,
            "Of a hypothesis nothing can be said: it was not looked at afterwards.",
        ),
        ("during-method-only", Outcome.HELD, "The hypothesis held during the method."),
        ("default", Outcome.HELD, "The hypothesis held afterwards."),
    ],
)
def test_only_what_was_asked_held(provide: Provide, strategy: str, outcome: Outcome, said: str) -> None:
    runtime = {"hypothesis": {"strategy": strategy}}
    found, _, _ = ran(
        experiment(provide("answer", value=1), provide("answer", of="action", value=1), runtime=runtime)
    )
    assert (outcome_of(found.journal), told(found.journal)) == (outcome, said)


def test_what_has_no_hypothesis_held_nothing(provide: Provide) -> None:
    found, _, _ = ran(experiment(None, provide("answer", of="action", value=1)))
    assert outcome_of(found.journal) is Outcome.DONE
    assert told(found.journal) == "Of a hypothesis nothing can be said: there is none."


def test_nothing_of_the_toolkit_s_log_is_seen_or_left(
    provide: Provide, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran(experiment(provide("answer", value=2), provide("fail", of="action")))
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "chaostoolkit.log").exists()


@pytest.mark.parametrize(
    ("before_and_after", "action", "outcome", "said"),
    [
        ([1, 2], "answer", Outcome.DEVIATED, "it-once: 2, asked for 1"),
        ([2], "answer", Outcome.NOT_STEADY, "before anything was done"),
        ([1, 1], "fail", Outcome.NOT_TRIED, "it cannot be done"),
        ([1, 1], "answer", Outcome.HELD, "held"),
    ],
)
def test_what_came_of_it(
    provide: Provide, before_and_after: list[int], action: str, outcome: Outcome, said: str
) -> None:
    arguments = {"value": 0} if action == "answer" else {}
    values = list(before_and_after)
    of = experiment(provide("once", values=values), provide(action, of="action", **arguments))
    found = ran(of)[0]
    assert outcome_of(found.journal) is outcome
    assert said in told(found.journal)


def test_a_probe_that_fails_afterwards_says_nothing(provide: Provide) -> None:
    of = experiment(provide("once", values=[1]), provide("answer", of="action", value=0))
    found = ran(of)[0]
    assert found.journal["deviated"]
    assert outcome_of(found.journal) is Outcome.NOT_ASKED
    assert "cannot be said" in told(found.journal)


def test_what_a_model_refuses_is_said_and_not_where_to_read_on() -> None:
    refused = [
        "drillyard.x.Refused\n",
        "1 validation error for Inject\nduration_s\n  Input should be a number\n",
    ]
    run = {"status": "failed", "exception": [*refused, "    For further information visit https://e.org\n"]}
    assert said_by(run) == "Input should be a number"
    assert said_by({"status": "failed", "exception": ["a.b.UserError: It is stopped."]}) == "It is stopped."


def test_a_drill_has_one_run_at_a_time(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.private.mkdir(parents=True)
    with alone(places), pytest.raises(UserError, match="runs on this drill already"), alone(places):
        pass
    with alone(places):
        pass


def test_an_environment_that_is_not_set_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    with pytest.raises(UserError, match="NOT_THERE"):
        drill_of({"configuration": {"x": {"type": "env", "key": "NOT_THERE"}}})


def test_ctrl_c_ends_the_run_and_the_faults_that_it_put_in(provide: Provide) -> None:
    kill = {
        "type": "action", "name": "kill",
        "provider": {"type": "process", "path": "true"},
    }  # fmt: skip
    ours = {"type": "python", "module": "drillyard.chaos.actions", "func": "process_kill_9"}
    of = experiment(
        provide("answer", value=1), kill, provide("ctrl_c", of="action"), {**kill, "provider": ours}
    )
    watcher = FakeWatcher()
    found, steps, lines = ran(of, watcher)
    assert outcome_of(found.journal) is Outcome.INTERRUPTED
    assert [each.get("status") for each in found.journal["run"]] == ["succeeded", None]
    assert "interrupted" in lines
    assert steps.parts[-1].steps[-1].said == "interrupted"
    assert (watcher.ended, [each.number for each in found.ended]) == ([3], [3])
    assert "interrupted" in page(found.journal, found.seen)


def test_faults_of_others_stay_on_when_a_run_is_interrupted(provide: Provide) -> None:
    watcher = FakeWatcher()
    ran(experiment(None, provide("ctrl_c", of="action")), watcher)
    assert watcher.ended == []


def test_a_run_ends_also_when_nobody_answers(provide: Provide) -> None:
    found = ran(experiment(provide("answer", value=1)), FakeWatcher(broken=True))[0]
    assert found.seen.readings == ()
    assert "There are none" in page(found.journal, found.seen)


def test_a_run_that_cannot_begin_says_why(provide: Provide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    of = experiment(
        None, provide("answer", value=1), configuration={"x": {"type": "env", "key": "NOT_THERE"}}
    )
    with pytest.raises(UserError, match="NOT_THERE"):
        ran(of)
    with pytest.raises(UserError, match="no strategy `sometimes`"):
        ran(experiment(None, runtime={"hypothesis": {"strategy": "sometimes"}}))


@pytest.mark.parametrize("strategy", ["continuously", "during-method-only", "after-method-only"])
def test_a_strategy_of_the_experiment_is_followed(provide: Provide, strategy: str) -> None:
    wait = {
        "type": "action",
        "name": "wait",
        "provider": {"type": "process", "path": "sleep", "arguments": "0.1"},
    }
    of = experiment(provide("answer", value=1), wait, runtime={"hypothesis": {"strategy": strategy}})
    found, steps, _ = ran(of)
    parts = {progress.part: progress for progress in steps.parts}
    assert (Part.BEFORE in parts) is (strategy == "continuously")
    assert [step.name for step in parts[Part.METHOD].steps] == ["wait"]
    if strategy != "after-method-only":
        assert parts[Part.DURING].held
        assert len(parts[Part.DURING].steps) == 1
        assert "Beside the method" in page(found.journal, found.seen)


def test_the_drill_is_the_one_that_the_experiment_names(provide: Provide) -> None:
    of = experiment(provide("answer", value=1))
    assert drill_of(of) is None
    act_on(of, "mine")
    assert drill_of(of) == "mine"
    found = ran(of)[0]
    assert found.journal["experiment"]["configuration"] == {"drill": "mine"}


def test_readings_that_probes_name_are_looked_at_too() -> None:
    probe = {"type": "python", "module": "drillyard.chaos.probes", "func": "queue_age_s"}
    of = experiment(None, {"provider": {**probe, "arguments": {"queue": "payments"}}}, {"ref": "x"})
    assert looked_at(of)[-1] == "queue.oldest.payments"
    readings = [
        ReadingView(name="business.orders", value=4, unit="", source=""),
        ReadingView(name="latency.p95", value=31, unit="ms", source=""),
    ]
    found = samples(readings, looked_at(of), 2.0)
    assert found == {"latency.p95": Sample(31, "ms"), "business.orders": Sample(120, "/min")}


def test_the_page_shows_the_fault_and_leads_nowhere(provide: Provide) -> None:
    probe = {**provide("answer", value=1), "name": "<b>answers</b>"}
    found = ran(experiment(probe, provide("answer", value="<i>")))[0]
    began = found.seen.began
    looks = [
        Look(began + at, began + at + 2, {"latency.p95": Sample(30.0 + at, "ms")}) for at in range(0, 20, 2)
    ]
    span = FaultSpan(3, "process.kill-9", began + 4, began + 8, {"component": "storefront-1"})
    text = page(found.journal, seen(began, began + 20, looks, [span]))
    assert "process.kill-9, 4 to 8 s" in text
    assert text.count("<rect") == 1
    assert "30 ms to 48 ms" in text
    assert "&lt;b&gt;answers&lt;/b&gt;" in text
    for outside in ("http:", "https:", "src=", "href=", "<script", "<b>", "<i>"):
        assert outside not in text


def test_what_was_read_is_a_file_of_series_and_spans() -> None:
    looks = [Look(10.0, 12.0, {"latency.p95": Sample(30.0, "ms")}), Look(12.0, 13.0, {}, why_not="no answer")]
    found = json.loads(seen(10.0, 13.0, looks, [FAULT]).as_json())
    assert found["readings"] == [{"what": "latency.p95", "unit": "ms", "values": [[10.0, 12.0, 30.0]]}]
    assert [(each["fault"], each["began"], each["ended"]) for each in found["faults"]] == [
        ("process.kill-9", 0.0, None)
    ]


def test_journals_are_numbered_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "replica-dies.yaml"
    names = []
    for _ in range(2):
        files = files_for(file)
        write(files.journal, "{}")
        names.append(files.journal.relative_to(tmp_path).as_posix())
    assert names == ["journals/replica-dies-1.json", "journals/replica-dies-2.json"]
    (tmp_path / "journals" / "replica-dies-9.html").touch()
    (tmp_path / "journals" / "replica-dies-x-11.json").touch()
    assert files_for(file).readings.name == "replica-dies-10.readings.json"
    with pytest.raises(UserError, match="there already"):
        files_for(file, tmp_path / "journals" / "replica-dies-9.json")
    with pytest.raises(UserError, match="A journal is"):
        files_for(file, tmp_path / "journal.html")
    with pytest.raises(UserError, match="cannot be written"):
        write(tmp_path / "journals" / "replica-dies-1.json", "{}")


def test_what_json_has_no_word_for_does_not_lose_the_journal() -> None:
    assert json.loads(as_json({"output": {1}})) == {"output": "{1}"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"type": "range", "range": [0.97, 1.0]}, "0.97 to 1.0"),
        ([1, 5], "1 to 5"),
        (True, "true"),
        ({"type": "regex", "pattern": "^ok"}, "what matches ^ok"),
        ({"type": "jsonpath", "path": "$.a"}, "what has $.a"),
        ({"type": "probe", "name": "other"}, "what other takes"),
    ],
)
def test_tolerances_are_said_in_words(asked: object, said: str) -> None:
    assert tolerance(asked) == said


def test_it_is_looked_until_customers_are_served_again() -> None:
    looks = iter((0.5, 0.6, 0.99, 0.99, 0.99))

    class Recovering(FakeWatcher):
        def look(self) -> Look:
            time.sleep(0.02)
            now = time.time()
            served = {SUCCESS: Sample(next(looks, 0.99), "ratio")}
            return Look(now - 0.02, now, served)

    feed = Feed(Recovering())
    since = time.time()
    feed.start()
    while not feed.looks:
        time.sleep(0.01)
    feed.until_served(since, 10)
    feed.stop()
    assert feed.looks[0].samples[SUCCESS].value == 0.5
    assert feed.looks[-1].samples[SUCCESS].value == 0.99
