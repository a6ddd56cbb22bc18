import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from drillyard.author.certify import Certificate, Settings, _task_of, play
from drillyard.author.output import as_json, as_junit, table
from drillyard.author.player import Player, PlayError, Said, Stopping
from drillyard.author.results import Results
from drillyard.author.rows import Case, Kind, Played, Proof, cases
from drillyard.author.scaffolding import new_scenario
from drillyard.author.verdicts import judged, moved
from drillyard.base.errors import ExitCode, UserError
from drillyard.scenario import Flaw, find_scenario
from drillyard.scenario.recipe import Recipe
from drillyard.scenario.scenario import Scenario


def verdict(**checks: str) -> Said:
    found = [{"id": name, "status": status, "evidence": []} for name, status in checks.items()]
    return Said(1, json.dumps({"outcome": "fail", "tasks": [{"checks": found}], "markdown": ""}), "")


def submitted(**checks: str) -> Said:
    report = json.loads(verdict(**checks).output)
    return Said(1, json.dumps({"outcome": "fail", "data": json.dumps(report)}), "")


def cheat(directory: Path, *fails: str) -> Case:
    (directory / "expect.yaml").write_text(f"fails: [{', '.join(fails)}]\nwhy: it must\n")
    return Case(Kind.CHEAT, "c", "1", 1, Recipe("c", "cheat", directory))


SOLUTION = Case(Kind.SOLUTION, "s", "1", 1)
UNTOUCHED = Case(Kind.UNTOUCHED, "", "1", 1)


@pytest.mark.parametrize("said", [verdict, submitted])
def test_a_solution_must_pass(said) -> None:  # type: ignore[no-untyped-def]  # two makers of `Said`
    assert judged(SOLUTION, said(a="pass", b="pass"), 1).proof is Proof.PROVEN
    assert judged(SOLUTION, said(a="pass", b="inconclusive"), 1).proof is Proof.INCONCLUSIVE
    failed = judged(SOLUTION, said(a="fail", b="inconclusive"), 1)
    assert (failed.proof, failed.failing) == (Proof.WRONG, ("a",))


def test_untouched_must_fail_and_doubt_proves_nothing() -> None:
    assert judged(UNTOUCHED, verdict(a="fail"), 1).proof is Proof.PROVEN
    assert judged(UNTOUCHED, verdict(a="inconclusive"), 1).proof is Proof.INCONCLUSIVE
    assert judged(UNTOUCHED, verdict(a="pass"), 1).proof is Proof.WRONG


def test_a_cheat_must_fail_for_its_own_reason(tmp_path: Path) -> None:
    case = cheat(tmp_path, "prices")
    assert judged(case, verdict(prices="fail", a="pass"), 1).proof is Proof.PROVEN
    assert judged(case, verdict(prices="pass", a="fail"), 1).proof is Proof.WRONG
    assert judged(case, verdict(prices="inconclusive", a="fail"), 1).proof is Proof.INCONCLUSIVE


def test_what_this_code_proved_is_not_played_again(tmp_path: Path) -> None:
    scenario = Scenario.load(new_scenario("a-drill", tmp_path))
    proven = Played(UNTOUCHED, Proof.PROVEN, "fail", "fails: a", 1.0, ("a",))
    doubtful = Played(SOLUTION, Proof.INCONCLUSIVE, "inconclusive", "could not be measured", 1.0)
    file = tmp_path / "certify.json"
    first = Results(Settings(), file, resume=True)
    assert first.proven(scenario) == {}
    first.keep(scenario, proven)
    first.keep(scenario, doubtful)
    again = Results(Settings(), file, resume=True)
    assert again.proven(scenario) == {UNTOUCHED.key: proven}
    again.keep(scenario, Played(SOLUTION, Proof.PROVEN, "pass", "passes", 1.0))
    kept = json.loads(file.read_text())
    assert [(row["row"], row["proof"]) for row in kept["scenarios"][0]["played"]] == [
        ("untouched", "proven"), ("solution s", "proven"),
    ]  # fmt: skip


def test_results_of_another_code_or_way_are_refused_and_left_alone(tmp_path: Path) -> None:
    scenario = Scenario.load(new_scenario("a-drill", tmp_path))
    file = tmp_path / "certify.json"
    results = Results(Settings(), file, resume=False)
    results.proven(scenario)
    results.keep(scenario, Played(UNTOUCHED, Proof.PROVEN, "fail", "", 1.0))
    before = file.read_bytes()
    for settings in (Settings(how="check"), Settings(scale=0.1)):
        with pytest.raises(UserError, match="of another state"):
            Results(settings, file, resume=True).proven(scenario)
    (scenario.directory / "checks.py").write_text("# another")
    with pytest.raises(UserError, match="of another state"):
        Results(Settings(), file, resume=True).proven(scenario)
    assert file.read_bytes() == before
    file.write_text("{}")
    with pytest.raises(UserError, match="cannot be read"):
        Results(Settings(), file, resume=True)


def test_a_cheat_is_judged_by_the_one_task_that_has_its_checks(tmp_path: Path) -> None:
    scenario = find_scenario("performance-optimization")
    tasks = {
        name: _task_of(scenario, cheat(tmp_path, *fails))
        for name, fails in {
            "an invariant": ["prices-fresh"],
            "a check": ["work-per-request"],
            "both": ["customers-served", "pages-complete"],
            "of two tasks": ["cache-hits", "pool-fits"],
        }.items()
    }
    assert tasks == {"an invariant": "analyze", "a check": "database", "both": "results", "of two tasks": ""}
    assert _task_of(scenario, UNTOUCHED) == ""


def test_a_cheat_that_repairs_nothing_fails_by_whatever_an_untouched_drill_fails_by(tmp_path: Path) -> None:
    case = cheat(tmp_path)
    assert case.recipe
    (case.recipe.directory / "expect.yaml").write_text("fails: any\nwhy: it hides what is wrong\n")
    assert _task_of(find_scenario("performance-optimization"), case) == ""  # all checks are judged
    assert judged(case, verdict(a="pass", b="fail"), 1.0).proof is Proof.PROVEN
    assert judged(case, verdict(a="pass", b="inconclusive"), 1.0).proof is Proof.INCONCLUSIVE
    assert judged(case, verdict(a="pass", b="pass"), 1.0).proof is Proof.WRONG


def test_a_player_that_is_stopped_ends_what_runs_and_begins_nothing_more(tmp_path: Path) -> None:
    stopping = Stopping()
    player = Player(tmp_path, "c1", stopping)
    run = tmp_path / "run"
    run.write_text("#!/bin/sh\ntouch begun\nsleep 60 & wait\n")
    run.chmod(0o755)
    with ThreadPoolExecutor() as pool:
        playing = pool.submit(player.play, Recipe("c", "cheat", tmp_path))
        deadline = time.monotonic() + 20
        while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        stopping.stop()
        with pytest.raises(PlayError, match="before it was judged"):
            playing.result(timeout=20)
    (tmp_path / "begun").unlink()
    with pytest.raises(PlayError, match="before it was judged"):
        player.play(Recipe("c", "cheat", tmp_path))
    assert not (tmp_path / "begun").exists()


def test_a_start_under_way_ends_by_itself_so_that_its_daemon_can_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill = tmp_path / "drill"
    drill.write_text("#!/bin/sh\ntouch begun\nuntil [ -e go ]; do sleep 0.01; done\ntouch ended\n")
    drill.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    stopping = Stopping()
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(Player(tmp_path, "c1", stopping).start, "s", "1", None)
        deadline = time.monotonic() + 20
        while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        stopping.stop()
        (tmp_path / "go").touch()
        with pytest.raises(PlayError, match="before it was judged"):
            starting.result(timeout=20)
    assert (tmp_path / "ended").exists()


def test_a_drill_that_is_busy_is_interrupted_and_then_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill = tmp_path / "drill"
    drill.write_text('#!/bin/sh\necho "$*" >> said\n[ "$1" = watch ] && touch free\n[ -e free ]\n')
    drill.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    Player(tmp_path, "c1").end()
    stop = "stop --delete --yes"
    assert (tmp_path / "said").read_text().splitlines() == [stop, "watch --cancel", stop]


def test_a_drill_that_broke_is_kept_before_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(player: Player, *_: object) -> None:
        (player.directory / "range/postgres/base").mkdir(parents=True)
        (player.directory / "range/postgres/base/16384").write_text("rows")
        (player.directory / "range/postgres/postgres.log").write_text("FATAL")
        (player.directory / "range/link").symlink_to("/etc")
        (player.directory / "range/large").write_bytes(bytes(5_000_001))
        raise PlayError("it did not come up")

    monkeypatch.setattr(Player, "start", start)
    monkeypatch.setattr(Player, "end", lambda player: shutil.rmtree(player.directory))
    case, kept = Case(Kind.UNTOUCHED, "", "3", 1), tmp_path / "kept"
    scenario = Scenario.load(new_scenario("a-drill", tmp_path))
    played = play(scenario, case, Settings(keep=kept), tmp_path / "7", Stopping())
    assert played.proof is Proof.BROKEN
    files = {str(path.relative_to(kept / "a-drill" / case.key)) for path in kept.rglob("*") if path.is_file()}
    assert files == {"range/postgres/postgres.log", "why.txt"}
    assert (kept / "a-drill" / case.key / "why.txt").read_text() == "broken: it did not come up\n"


def test_a_reset_drill_must_fail_and_a_healthy_shop_must_stay_so() -> None:
    reset, harmless = Case(Kind.RESET, "", "1", 1), Case(Kind.HARMLESS, "", "none", 1)
    assert judged(reset, verdict(a="fail"), 1).proof is Proof.PROVEN
    assert judged(reset, verdict(a="pass"), 1).proof is Proof.WRONG
    assert judged(harmless, verdict(a="pass"), 1).proof is Proof.PROVEN
    assert judged(harmless, verdict(a="fail"), 1).proof is Proof.WRONG


def test_the_flip_rate_counts_repeated_rows_with_an_interval() -> None:
    outcomes = ("fail", "fail", "pass", "fail")
    repeats = [
        Played(Case(Kind.UNTOUCHED, "", str(1 + number // 2), number), Proof.PROVEN, outcome, "", 1)
        for number, outcome in enumerate(outcomes)
    ]
    rate, low, high = Certificate("s", tuple(repeats)).flip_rate
    assert rate == 0.5
    assert 0 < low < 0.2
    assert 0.8 < high < 1
    assert Certificate("s", tuple(repeats[:1])).flip_rate == (0.0, 0.0, 1.0)


def test_an_answer_without_checks_is_no_verdict() -> None:
    with pytest.raises(PlayError):
        judged(SOLUTION, Said(0, "{}", ""), 1)
    with pytest.raises(PlayError):
        judged(SOLUTION, Said(0, "no JSON", "boom"), 1)


def test_a_wrong_row_says_what_was_seen_what_was_asked_and_where_to_look() -> None:
    evidence = {
        "status": "fail",
        "what": "Age of the oldest order that is gone",
        "value": 59.218,
        "threshold": "never above 30",
    }
    found = {
        "id": "copy-recent",
        "status": "fail",
        "evidence": [{**evidence, "look_next": "the archive failed"}],
    }
    why = judged(SOLUTION, Said(1, json.dumps({"checks": [found]}), ""), 1).why
    assert "Age of the oldest order that is gone is 59.22 (never above 30). the archive failed" in why


def _flaw(direction: str, by: float) -> Flaw:
    return Flaw("f", "cache", "", "r.x", "up" if direction == "up" else "down", by, (), lambda _: None)


@pytest.mark.parametrize(
    ("direction", "repaired", "flawed", "proof"),
    [
        ("up", 2.0, 10.0, Proof.PROVEN),
        ("up", 2.0, 5.0, Proof.WRONG),
        ("up", 0.0, 5.0, Proof.PROVEN),
        ("up", 0.0, 0.0, Proof.WRONG),
        ("down", 0.9, 0.1, Proof.PROVEN),
        ("down", 0.9, 0.0, Proof.PROVEN),
        ("down", 0.1, 0.9, Proof.WRONG),
    ],
)
def test_a_flaw_must_move_its_reading_by_its_factor(
    direction: str, repaired: float, flawed: float, proof: Proof
) -> None:
    said = Said(0, json.dumps({"rows": [{"name": "r.x", "value": repaired, "twin": flawed}]}), "")
    case = Case(Kind.FLAW, "f", "only:f", 1)
    assert moved(case, _flaw(direction, 3), said, 1).proof is proof


@pytest.mark.parametrize(("repaired", "proof"), [(0.0, Proof.PROVEN), (1.0, Proof.WRONG)])
def test_a_flaw_leaves_no_more_than_it_says_where_it_is_not(repaired: float, proof: Proof) -> None:
    said = Said(0, json.dumps({"rows": [{"name": "r.x", "value": repaired, "twin": 20.0}]}), "")
    played = moved(Case(Kind.FLAW, "f", "only:f", 1), replace(_flaw("up", 2), leaves=0.0), said, 1)
    assert (played.proof, "at most 0 left" in played.why) == (proof, True)


def test_a_reading_that_was_not_measured_proves_nothing() -> None:
    case = Case(Kind.FLAW, "f", "only:f", 1)
    for rows in ([], [{"name": "r.x", "value": 1.0, "twin": None}]):
        with pytest.raises(PlayError):
            moved(case, _flaw("up", 2), Said(0, json.dumps({"rows": rows}), ""), 1)


def test_every_row_is_played_on_every_variant_and_flaws_alone() -> None:
    scenario = find_scenario("performance-optimization")
    chosen = cases(scenario, variants=["1", "2"], repeat=2, kinds=list(Kind), only=[])
    per_variant = len(scenario.solutions()) + 1 + len(scenario.cheats())
    assert len(chosen) == 2 * (2 * per_variant + len(scenario.flaws) + 2)
    assert [case.variant for case in chosen if case.kind is Kind.HARMLESS] == ["none", "none"]
    flaws = cases(scenario, variants=["1"], repeat=1, kinds=[Kind.FLAW], only=["cache-ttl"])
    assert [case.variant for case in flaws] == ["only:cache-ttl"]


def _certificate(*proofs: Proof) -> Certificate:
    return Certificate("s", tuple(Played(UNTOUCHED, proof, proof, "why <&", 1.5) for proof in proofs))


@pytest.mark.parametrize(
    ("proofs", "code"),
    [
        ((Proof.PROVEN, Proof.PROVEN), ExitCode.OK),
        ((Proof.PROVEN, Proof.INCONCLUSIVE), ExitCode.INCONCLUSIVE),
        ((Proof.INCONCLUSIVE, Proof.WRONG), ExitCode.FAILED),
        ((Proof.BROKEN,), ExitCode.FAILED),
        ((), ExitCode.FAILED),
    ],
)
def test_the_exit_code_is_honest(proofs: tuple[Proof, ...], code: ExitCode) -> None:
    assert _certificate(*proofs).exit_code is code


def test_repeats_that_disagree_are_told() -> None:
    assert _certificate(Proof.PROVEN, Proof.WRONG).flips == {"untouched on 1": ("proven", "wrong")}
    assert _certificate(Proof.PROVEN, Proof.PROVEN).flips == {}


def test_everything_is_written_for_people_and_programs() -> None:
    certificate = _certificate(Proof.PROVEN, Proof.WRONG, Proof.INCONCLUSIVE, Proof.BROKEN)
    assert table(certificate).row_count == 1
    assert len(json.loads(as_json([certificate]))["scenarios"][0]["played"]) == 4
    suite = ElementTree.fromstring(as_junit([certificate]))[0]
    counted = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counted == ["4", "1", "1", "1"]
