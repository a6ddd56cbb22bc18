"""Applying to a live range, with customers in the shop. Tests share one range: each leaves a good release."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from drillyard.base.errors import InvalidFilesError
from drillyard.range.apply import ApplyReport, RolledBackError

# Live and Customers come from conftest.py as fixtures.
Live = Any
Customers = Any
Edit = tuple[str, str, str]


@contextmanager
def edited(workspace: Path, *edits: Edit) -> Iterator[None]:
    """Edit files (a pattern and what takes its place); put them back when the block ends with an error."""
    before = {name: (workspace / name).read_text() for name, _, _ in edits}
    try:
        for name, old, new in edits:
            text, count = re.subn(old, new, (workspace / name).read_text(), count=1)
            assert count, f"{old!r} is not in {name}"
            (workspace / name).write_text(text)
        yield
    except BaseException:
        for name, text in before.items():
            (workspace / name).write_text(text)
        raise


def apply(live: Live, customers: Customers, *edits: Edit) -> ApplyReport:
    reports: list[ApplyReport] = []

    async def work() -> None:
        async with customers.shopping(live.shop):
            reports.append(await live.range.apply(live.workspace))

    with edited(live.workspace, *edits):
        live.run(work)
    return reports[0]


def test_nothing_changed_is_no_new_release(live: Live, customers: Customers) -> None:
    before = live.range.releases.current.number
    report = apply(live, customers)
    assert (report.release, report.files, report.actions) == (before, (), ())


SETTINGS = "storefront/storefront.toml"
GOOD = {
    "a setting that is read again": ((SETTINGS, r"ttl_s = \S+", "ttl_s = 16.0"),),
    "a setting that needs new processes": ((SETTINGS, r"pool_max = \d+", "pool_max = 9"),),
    "a query": (("storefront/sql/home.sql", "-- name:", "-- mine\n-- name:"),),
    "the load balancer": (("haproxy/haproxy.cfg", r"timeout queue \w+", "timeout queue 4s"),),
    "a database setting that is read again": (
        ("postgres/postgresql.conf", r"work_mem = \w+", "work_mem = 6MB"),
    ),
    "a database setting that needs a restart": (
        ("postgres/postgresql.conf", r"shared_buffers = \w+", "shared_buffers = 96MB"),
    ),
    "a cache setting that is set live": (("valkey/valkey.conf", r"maxmemory \w+", "maxmemory 48mb"),),
    "a cache setting that needs a restart": (("valkey/valkey.conf", "timeout 0", "tcp-backlog 300"),),
    "fewer workers": (("range.toml", r"reports = \d", "reports = 0"),),
    "more workers": (("range.toml", r"payments = \d", "payments = 2"),),
    "a single replica": (("range.toml", r"replicas = \d", "replicas = 1"),),
    "new processes of a single replica": ((SETTINGS, r"pool_max = \d+", "pool_max = 8"),),
}  # fmt: skip


@pytest.mark.parametrize("change", GOOD)
def test_a_good_change_fails_no_customer(change: str, live: Live, customers: Customers) -> None:
    before = live.range.releases.current.number
    report = apply(live, customers, *GOOD[change])
    assert customers.failures == []
    assert report.release > before
    assert report.actions
    assert {file.name for file in report.files} == {edit[0] for edit in GOOD[change]}


def test_a_reload_keeps_the_processes_and_a_restart_does_not(live: Live, customers: Customers) -> None:
    postgres, replica = live.pid("postgres"), live.pid("storefront-1")
    apply(live, customers, (SETTINGS, r"ttl_s = \S+", "ttl_s = 17.0"))
    assert (live.pid("postgres"), live.pid("storefront-1")) == (postgres, replica)
    apply(live, customers, (SETTINGS, r"pool_min = \d+", "pool_min = 1"))
    assert live.pid("postgres") == postgres
    assert live.pid("storefront-1") != replica


def test_more_replicas_serve_once_haproxy_knows_them(live: Live, customers: Customers) -> None:
    apply(live, customers, ("range.toml", r"replicas = \d", "replicas = 1"))
    third = live.range.addresses.endpoint("storefront-3")
    second = f"    server storefront-2 {live.range.addresses.endpoint('storefront-2')}\n"
    report = apply(live, customers, ("range.toml", r"replicas = \d", "replicas = 3"))
    assert any("storefront-3 runs, and no customer reaches it" in notice for notice in report.notices)
    report = apply(
        live, customers, ("haproxy/haproxy.cfg", second, f"{second}    server storefront-3 {third}\n")
    )
    assert report.notices == ()
    assert customers.failures == []
    targets = live.range.directory / "prometheus" / "config" / "targets" / "storefront.json"
    assert str(third) in targets.read_text()


BAD = {
    "haproxy": (("haproxy/haproxy.cfg", "balance leastconn", "balance leastcon"), "leastconn"),
    "no front door": (("haproxy/haproxy.cfg", "bind ", "bind 127.0.0.1:9 #"), "where customers come"),
    "postgres": (("postgres/postgresql.conf", r"work_mem = \w+", "work_mem = 6XB"), "work_mem"),
    "valkey": (("valkey/valkey.conf", r"maxmemory \w+", "maxmemory 48zb"), "memory value"),
    "settings": ((SETTINGS, r"pool_max = \d+", "pool_max = 0"), "pool_max"),
    "password": ((SETTINGS, "//shop_app:", "//shop_app:wrong"), "password authentication failed"),
    "query": (("storefront/sql/home.sql", "SELECT", "SELECTT"), "syntax error"),
    "column": (("storefront/sql/home.sql", "SELECT", "SELECT nowhere,"), "nowhere"),
    "allocation": (("range.toml", r"replicas = \d", "replicas = 300"), "replicas"),
    "scrapes": (("prometheus/prometheus.yml", "scrape_interval: 10s", "scrape_interval: 10 s"), "duration"),
    "rules": (("prometheus/rules/range.yml", "expr: up == 0", "expr: up =="), "parse"),
    "routes": (("alertmanager/alertmanager.yml", "receiver: on-call", "receiver: off-call"), "off-call"),
}


@pytest.mark.parametrize("part", BAD)
def test_a_bad_file_is_refused_and_what_ran_keeps_running(
    part: str, live: Live, customers: Customers
) -> None:
    edit, message = BAD[part]
    release = live.range.releases.current.number
    pids = {name: member.pid for name, member in live.range.supervisor.members.items()}
    with pytest.raises(InvalidFilesError) as refused:
        apply(live, customers, edit)
    assert message in str(refused.value)
    assert refused.value.problems[0].file == edit[0]
    assert refused.value.problems[0].line > 0 or part == "no front door"
    assert live.range.releases.current.number == release
    assert {name: member.pid for name, member in live.range.supervisor.members.items()} == pids
    assert customers.failures == []


def test_all_problems_of_all_files_are_told_at_once(live: Live, customers: Customers) -> None:
    with pytest.raises(InvalidFilesError) as refused:
        apply(live, customers, BAD["haproxy"][0], BAD["postgres"][0], BAD["query"][0])
    assert {problem.file for problem in refused.value.problems} == {
        "haproxy/haproxy.cfg",
        "postgres/postgresql.conf",
    }, "queries are prepared when everything else is good"


def test_a_release_that_does_not_come_up_is_rolled_back(live: Live, customers: Customers) -> None:
    release = live.range.releases.current.number
    with pytest.raises(RolledBackError) as refused:
        # Readable, and there is no such server: only a process that starts can tell.
        apply(live, customers, (SETTINGS, r"@127\.\d+\.\d+\.\d+:5432", "@127.0.0.1:9"))
    assert "previous one was put back" in str(refused.value)
    assert "port 9" in str(refused.value), "what the process said is shown"
    assert live.range.releases.current.number == release
    assert customers.failures == []
    assert not (live.range.releases.directory / "pending").exists()


def test_more_replicas_of_a_release_that_does_not_come_up_are_taken_back(
    live: Live, customers: Customers
) -> None:
    names = set(live.range.supervisor.members)
    with pytest.raises(RolledBackError) as refused:
        apply(
            live,
            customers,
            ("range.toml", r"replicas = \d", "replicas = 5"),
            (SETTINGS, r"@127\.\d+\.\d+\.\d+:5432", "@127.0.0.1:9"),
        )
    assert "previous one was put back" in str(refused.value)
    assert set(live.range.supervisor.members) == names
    assert customers.failures == []


def test_workers_are_back_when_a_server_did_not_come_up(live: Live, customers: Customers) -> None:
    with pytest.raises(RolledBackError):
        # Good in itself; no machine of ours has huge pages to give.
        apply(live, customers, ("postgres/postgresql.conf", r"\A", "huge_pages = on\n"))
    assert {
        name: member.state.value for name, member in live.range.supervisor.members.items()
    } == dict.fromkeys(live.range.supervisor.members, "ready")


def test_indexes_of_the_learner_survive_an_apply(live: Live, customers: Customers) -> None:
    dsn = live.range.credentials.dsn("shop_admin", live.range.addresses)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE INDEX mine ON reviews (rating)")
    apply(live, customers, (SETTINGS, r"ttl_s = \S+", "ttl_s = 18.0"))
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == ("mine",)
