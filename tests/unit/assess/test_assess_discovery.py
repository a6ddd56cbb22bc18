from pathlib import Path

import pytest

from drillyard.assess.check import Need, Status, for_task, needs_of
from drillyard.assess.discovery import load_checks, load_probes
from drillyard.base.errors import UserError

CHECKS = """
from drillyard.assess.check import check
from drillyard.assess.probe import probe
from drillyard.assess.verdicts import at_least


@check(id="hits", task="cache", title="Hits", needs={"learner", "twin"}, probes={"p"})
def hits(m):
    return at_least(m.learner["cache.hit_ratio"], 0.8)


@check(id="throughput", task="results", title="Throughput", needs={"learner", "throughput"}, quick=False)
def throughput(m):
    return at_least(m.learner["x"], 1)


@probe(id="p", seconds=3, gives=("x.",))
async def tried(site):
    return []
"""


def scenario(tmp_path: Path, text: str) -> Path:
    (tmp_path / "checks.py").write_text(text)
    return tmp_path


def test_finds_checks_and_probes_in_the_order_of_the_file(tmp_path):
    place = scenario(tmp_path, CHECKS)
    assert [each.id for each in load_checks(place)] == ["hits", "throughput"]
    assert [each.id for each in load_probes(place)] == ["p"]


def test_tells_what_has_to_be_measured(tmp_path):
    checks = load_checks(scenario(tmp_path, CHECKS))
    assert [each.id for each in for_task(checks, "cache")] == ["hits"]
    assert for_task(checks, "results") == []
    assert needs_of(checks) == {Need.LEARNER, Need.TWIN, Need.THROUGHPUT}


def test_a_scenario_without_checks_has_none(tmp_path):
    assert load_checks(tmp_path) == []


def test_checks_that_do_not_load_are_a_user_error_that_names_the_file(tmp_path):
    with pytest.raises(UserError, match=r"ZeroDivisionError.*checks\.py"):
        load_checks(scenario(tmp_path, "1 / 0"))


def test_an_id_may_be_used_once(tmp_path):
    twice = CHECKS + CHECKS.replace("def hits", "def hits2").replace("def throughput", "def t2")
    with pytest.raises(UserError, match="'hits'"):
        load_checks(scenario(tmp_path, twice))


def executable(tmp_path: Path, body: str) -> Path:
    (tmp_path / "checks").mkdir()
    path = tmp_path / "checks" / "shell-check"
    path.write_text(f'#!/bin/sh\n# drill-check: {{"task": "cache", "title": "By shell"}}\n{body}\n')
    path.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("code", "status"),
    [(0, Status.PASS), (1, Status.FAIL), (2, Status.INCONCLUSIVE), (9, Status.INCONCLUSIVE)],
)
def test_an_executable_judges_by_its_exit_code(tmp_path, make_measurement, code, status):
    place = executable(tmp_path, f"cat > /dev/null; echo 'seen 3 rows'; exit {code}")
    found = load_checks(place)[0]
    verdict = found.judge(make_measurement({"learner": {"x": [1.0]}}))
    assert verdict.status is status
    assert verdict.evidence[0].what == "seen 3 rows"
    assert verdict.our_bug == (code == 9)


def test_an_executable_gets_the_readings(tmp_path, make_measurement):
    place = executable(tmp_path, """grep -q '"x": 1.5' && exit 0; exit 1""")
    verdict = load_checks(place)[0].judge(make_measurement({"learner": {"x": [1.5]}}))
    assert verdict.status is Status.PASS


def test_an_executable_without_a_header_is_refused(tmp_path):
    place = executable(tmp_path, "exit 0")
    (place / "checks" / "shell-check").write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(UserError, match="drill-check"):
        load_checks(place)
