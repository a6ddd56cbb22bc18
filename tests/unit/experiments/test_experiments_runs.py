"""What lies in a workspace as experiments and journals: read within bounds, whatever it is."""

import json
from pathlib import Path

import pytest

from drillyard.assess.experiments.activities import PROBES, Call, settled
from drillyard.assess.experiments.findings import parse, said_to_be_mended
from drillyard.assess.experiments.runs import MAX_BYTES, Run, finite, read_experiments, run_of
from drillyard.chaos.lasting import seconds_of
from drillyard.chaos.review import review

PROBE = {
    "type": "probe", "name": "served",
    "provider": {"type": "python", "module": "drillyard.chaos.probes", "func": "success_ratio"},
}  # fmt: skip
JOURNAL = {
    "status": "completed", "deviated": True, "experiment": {"title": "t"},
    "start": "2026-03-01T10:00:00", "end": "2026-03-01T10:00:30+00:00",
    "run": [{"activity": PROBE, "status": "succeeded", "output": 0.5, "start": "2026-03-01T10:00:05"}],
    "steady_states": {"before": {"steady_state_met": True, "probes": []}, "after": None},
}  # fmt: skip


def place(tmp_path: Path) -> Path:
    journals = tmp_path / "experiments" / "journals"
    journals.mkdir(parents=True)
    return journals


def test_a_journal_is_read_with_its_times_in_utc() -> None:
    run = run_of("a-b-12", JOURNAL)
    assert (run.of(("a", "a-b")), run.deviated, run.held_after) == ("a-b", True, False)
    assert run.of({"a-b-12"}) == "a-b-12"
    assert run.held is None
    assert run.ended - run.began == 30.0
    (probe,) = run.method
    assert (probe.func, probe.output, probe.ended) == ("success_ratio", 0.5, run.began + 5)
    assert probe.fault == ""


@pytest.mark.parametrize("arguments", [["psql", "--json"], "psql --json", 5, None])
def test_a_probe_that_is_a_process_may_have_arguments_of_any_shape(arguments: object) -> None:
    probe = {**PROBE, "provider": {"type": "process", "path": "drill", "arguments": arguments}}
    ran = {**JOURNAL["run"][0], "activity": probe}  # type: ignore[index]  # a list of mappings
    run = run_of("a-1", {**JOURNAL, "steady_states": {"after": {"steady_state_met": False, "probes": [ran]}}})
    assert run.held is False
    assert run.after[0].arguments == {}


def test_files_and_runs_are_found_and_readings_beside_them_are_no_journals(tmp_path: Path) -> None:
    journals = place(tmp_path)
    (journals / "a-1.json").write_text(json.dumps(JOURNAL))
    (journals / "a-1.readings.json").write_text("{}")
    (journals / "a-1.html").write_text("x")
    (journals.parent / "a.yaml").write_text("title: a\n")
    found = read_experiments(tmp_path)
    assert [run.name for run in found.runs] == ["a-1"]
    assert found.files == {"a": {"title": "a"}}
    assert found.unreadable == {}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "5", '{"status": "completed"}', json.dumps({**JOURNAL, "start": "yesterday"}),
     json.dumps({**JOURNAL, "run": [1]}), json.dumps({**JOURNAL, "steady_states": 3}), "[" * 100_000,
     json.dumps({**JOURNAL, "experiment": []}), json.dumps({**JOURNAL, "run": {"a": 1}}),
     json.dumps({**JOURNAL, "run": [{"activity": {"provider": "x"}, "start": "2026-03-01"}]})],
)  # fmt: skip
def test_what_is_no_journal_is_left_out_with_its_reason(tmp_path: Path, text: str) -> None:
    (place(tmp_path) / "a-1.json").write_text(text)
    found = read_experiments(tmp_path)
    assert found.runs == ()
    assert found.unreadable["experiments/journals/a-1.json"]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]\nb: *a",
        "- a",
        "a: [",
        "\x00",
        "5",
        "a: 2024-99-99",
        "a: !!bool perhaps",
        "a: !!timestamp foo",
        "a: !!int ''",
        "a: !!float ''",
    ],
)
def test_what_is_no_experiment_is_left_out_too(tmp_path: Path, text: str) -> None:
    (place(tmp_path).parent / "a.yaml").write_text(text)
    found = read_experiments(tmp_path)
    assert found.files == {} or text.startswith("a: &a")


def test_links_and_giants_are_not_followed(tmp_path: Path) -> None:
    journals = place(tmp_path)
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(JOURNAL))
    (journals / "link-1.json").symlink_to(secret)
    (journals / "giant-1.json").write_bytes(b" " * (MAX_BYTES + 1))
    found = read_experiments(tmp_path)
    assert found.runs == ()
    assert list(found.unreadable) == ["experiments/journals/giant-1.json"]
    assert read_experiments(tmp_path / "nowhere").runs == ()


def test_a_run_without_a_number_is_of_what_it_is_called() -> None:
    assert Run("replica-dies", {}, "", deviated=False, began=0, ended=1).of(()) == "replica-dies"


@pytest.mark.parametrize("value", [True, None, "1", float("nan"), float("inf"), 10**400, []])
def test_what_is_no_number_is_none(value: object) -> None:
    assert finite(value) is None
    assert finite(3) == 3.0


WEAK = """
findings:
- component: storefront
  mechanism: cache-required
  severity: high
  evidence: [{run: a-1, reading: requests.success_ratio, at: 2026-03-01T10:00:05, value: 0.4}]
  action: Let pages come from the database.
  fixed: true
"""


def test_findings_are_read_and_an_instant_without_a_zone_is_utc() -> None:
    (weakness,) = parse(WEAK).findings
    assert weakness.evidence[0].at.timestamp() == run_of("a-1", JOURNAL).began + 5
    assert said_to_be_mended(WEAK) == {"cache-required"}
    assert said_to_be_mended(None) == frozenset()


@pytest.mark.parametrize("text", ["", "findings: 5", "a: [", "findings: [{component: x}]", "- a", "x: 1"])
def test_findings_that_cannot_be_read_say_why(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)
    assert said_to_be_mended(text) == frozenset()


def test_a_journal_that_is_nested_deeper_than_any_is_left_out(tmp_path: Path) -> None:
    deep = json.dumps({**JOURNAL, "experiment": {"title": "x"}}).replace('"x"', "[" * 900 + "]" * 900)
    (place(tmp_path) / "a-1.json").write_text(deep)
    found = read_experiments(tmp_path)
    assert not found.runs
    assert "in one another" in found.unreadable["experiments/journals/a-1.json"]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (7, (7.0,)),
        ({"stdout": '[{"forgotten": 7, "of": 120}]'}, (7.0, 120.0)),
        ({"stdout": " forgotten \n-----------\n         7\n(1 row)\n"}, (7.0,)),
        ({"stdout": "7.0"}, (7.0,)),
        ({"stdout": "1" * 5000}, ()),
        ({"forgotten": 7, "why": "died"}, (7.0,)),
        ("7", ()),
        (None, ()),
    ],
)
def test_what_a_probe_said_is_every_number_that_it_gave(output: object, said: tuple[float, ...]) -> None:
    ran = {**JOURNAL["run"][0], "output": output}  # type: ignore[index]  # a list of mappings
    (probe,) = run_of("a-1", {**JOURNAL, "run": [ran]}).method
    assert probe.said == said


def test_names_of_the_configuration_do_not_grow_without_bound() -> None:
    long = "x" * 20_000
    experiment = {"configuration": {"a": long, "b": "short"}}
    assert settled("$a" * 1000, experiment) == "$a" * 1000
    assert settled("${a}", experiment) == long
    assert settled("$b-$b", {"configuration": {"b": "short"}}) == "short-short"


@pytest.mark.parametrize("function", ["ACTIONS", "inspect", "__all__", "_LAST", "network_cut"])
def test_an_action_that_is_no_function_has_no_duration(function: str) -> None:
    call = Call("method[0]", "actions", function, {}, {})
    assert (seconds_of(call) is None) is (function != "network_cut")


def test_a_tolerance_that_no_engine_can_read_holds_nothing() -> None:
    provider = {"type": "python", "module": PROBES, "func": "success_ratio"}
    tolerance = {"type": "regex", "pattern": "(" * 5000}
    asked = {"type": "probe", "name": "p", "tolerance": tolerance, "provider": provider}
    assert review({"steady-state-hypothesis": {"title": "t", "probes": [asked]}})
