"""What Prometheus, Alertmanager and the exporter see of a running range."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from drillyard.base.clock import wait_until

Live = Any


def scrape(live: Live) -> dict[str, dict[tuple[str, ...], float]]:
    text = httpx.get(f"http://{live.range.addresses.endpoint('exporter')}/metrics", timeout=10).text
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_the_exporter_speaks_with_the_usual_exporters_names(live: Live) -> None:
    httpx.get(f"{live.shop}/api/home").raise_for_status()
    figures = scrape(live)
    assert figures["pg_up"] == {(): 1}
    assert figures["redis_up"] == {(): 1}
    assert figures["pg_settings_max_connections"] == {(): 100}
    assert figures["pg_settings_shared_buffers_bytes"] == {(): 128 * 1024**2}
    assert figures["redis_memory_max_bytes"] == {(): 64 * 1024**2}
    for name in (
        "pg_stat_database_xact_commit",
        "pg_stat_database_blks_hit",
        "pg_stat_user_tables_seq_scan",
        "pg_statio_user_tables_heap_blocks_hit",
        "pg_locks_count",
        "pg_stat_activity_count",
        "pg_stat_statements_calls_total",
        "pg_wal_size_bytes",
        "redis_keyspace_hits_total",
        "redis_evicted_keys_total",
        "redis_db_keys",
        "redis_commands_duration_seconds_total",
        "redis_connected_clients",
    ):
        # This parser calls every counter `..._total`, as OpenMetrics does.
        assert figures.get(name) or figures.get(f"{name}_total"), name


def test_every_component_is_a_group_of_processes(live: Live) -> None:
    figures = scrape(live)
    groups = {labels[0] for labels in figures["namedprocess_namegroup_num_procs"]}
    assert groups == set(live.range.supervisor.members)
    assert figures["namedprocess_namegroup_num_procs"]["postgres",] > 3
    memory = figures["namedprocess_namegroup_memory_bytes"]
    for name in groups:
        assert memory[name, "proportionalResident"] > 100_000, name
        assert memory[name, "proportionalResident"] <= memory[name, "resident"]


def test_the_exporter_s_own_queries_are_not_in_pg_stat_statements(live: Live) -> None:
    scrape(live)
    users = {labels[0] for labels in scrape(live)["pg_stat_statements_calls_total"]}
    assert "shop_app" in users
    assert "monitor" not in users


def test_the_exporter_says_so_when_a_server_is_away_and_sees_it_again(live: Live) -> None:
    live.runner.run(live.range.supervisor.shut("valkey"))
    assert scrape(live)["redis_up"] == {(): 0}
    assert scrape(live)["pg_up"] == {(): 1}
    live.runner.run(live.range.supervisor.restart("valkey"))
    live.runner.run(live.range.supervisor.restart("postgres"))
    ask(live, lambda: scrape(live)["redis_up"] == {(): 1} and scrape(live)["pg_up"] == {(): 1})


def test_prometheus_scrapes_everything_and_knows_alertmanager(live: Live) -> None:
    base = f"http://{live.range.addresses.endpoint('prometheus')}/api/v1"

    def all_up() -> bool:
        targets = httpx.get(f"{base}/targets").json()["data"]["activeTargets"]
        jobs = {target["labels"]["job"] for target in targets if target["health"] == "up"}
        return all(target["health"] == "up" for target in targets) and jobs >= {
            "storefront",
            "workers",
            "haproxy",
            "exporter",
            "prometheus",
            "alertmanager",
        }

    ask(live, all_up)
    assert httpx.get(f"{base}/alertmanagers").json()["data"]["activeAlertmanagers"]
    names = {
        rule["name"]
        for group in httpx.get(f"{base}/rules").json()["data"]["groups"]
        for rule in group["rules"]
    }
    assert {"NoReplicaServes", "CustomersGetErrors", "ValkeyEvictsKeys"} <= names


def ask(live: Live, condition: Callable[[], bool]) -> None:
    """Wait in a thread, so that the range's own loop goes on meanwhile."""

    async def waiting() -> None:
        await asyncio.to_thread(
            wait_until, condition, deadline_s=60, what="the figures are there", every_s=0.2
        )

    live.runner.run(waiting())
