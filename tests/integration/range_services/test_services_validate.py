from pathlib import Path

import pytest

from drillyard.base.errors import MissingPartError, Problem
from drillyard.range import parts
from drillyard.range.addresses import STANDARD_PORTS, Addresses
from drillyard.range.component import Component, Site
from drillyard.range.components.alertmanager import Alertmanager
from drillyard.range.components.prometheus import Prometheus
from drillyard.range.components.storefront import Replica
from drillyard.range.credentials import Credentials
from drillyard.range.privileges import service_account
from drillyard.range.spec import RangeSpec
from drillyard.range.workspace import create_workspace, released_files

ADDRESSES = Addresses("127.9.8.7", STANDARD_PORTS)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return create_workspace(tmp_path / "workspace", ADDRESSES, Credentials.generate(), history=False)


def _component(part: str, directory: Path) -> Component:
    site = Site(directory / part, ADDRESSES, service_account())
    match part:
        case "prometheus":
            return Prometheus(part, site, RangeSpec())
        case "alertmanager":
            return Alertmanager(part, site)
        case _:
            return Replica("storefront-1", site)


def _judge(part: str, workspace: Path) -> list[Problem]:
    files = {
        name.removeprefix(f"{part}/"): path
        for name, path in released_files(workspace).items()
        if name.startswith(f"{part}/")
    }
    return list(_component(part, workspace.parent).validate(files))


def _need(part: str) -> None:
    try:
        parts.find(part)
    except MissingPartError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("part", ["prometheus", "alertmanager", "storefront"])
def test_the_default_files_are_good(part: str, workspace: Path) -> None:
    assert _judge(part, workspace) == []


BAD = [
    ("prometheus/prometheus.yml", "scrape_interval: 10s", "scrape_intervall: 10s", "not found"),
    ("prometheus/prometheus.yml", "scrape_interval: 10s", "scrape_interval: soon", "duration"),
    ("prometheus/rules/range.yml", "expr: up == 0", "expr: up ==", "parse"),
    ("prometheus/rules/range.yml", "expr: pg_up == 0", "expr: rate(pg_up)", "range vector"),
    ("alertmanager/alertmanager.yml", "group_wait: 5s", "group_wait: soon", "duration"),
    ("alertmanager/alertmanager.yml", "receiver: on-call", "receiver: nobody", "undefined"),
    ("storefront/storefront.toml", "pool_max = 10", "pool_max = -1", "pool_max"),
    ("storefront/storefront.toml", "pool_max = 10", "pool_maxx = 10", "pool_maxx"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), BAD)
def test_a_bad_file_is_told_with_its_line(
    file: str, old: str, new: str, message: str, *, workspace: Path
) -> None:
    part, name = file.split("/", 1)
    if part != "storefront":
        _need(part)
    path = workspace / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    problems = _judge(part, workspace)
    assert problems
    assert problems[0].file == name
    assert message in problems[0].message
    assert new in path.read_text().splitlines()[problems[0].line - 1]


def test_a_query_that_the_shop_does_not_have_is_told_with_its_line(workspace: Path) -> None:
    file = workspace / "storefront/sql/mine.sql"
    file.write_text("-- name: product_by_idd(product)^\nSELECT 1 WHERE :product = 1;\n")
    (problem,) = _judge("storefront", workspace)
    assert (problem.file, problem.line) == ("sql/mine.sql", 1)


def test_a_missing_main_file_is_a_problem(workspace: Path) -> None:
    (workspace / "prometheus/prometheus.yml").unlink()
    (problem,) = _judge("prometheus", workspace)
    assert problem.message == "is missing"
