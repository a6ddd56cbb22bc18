"""Valkey's figures, named as redis_exporter names them."""

from collections.abc import Iterator, Mapping
from typing import cast

import valkey
from valkey.exceptions import ValkeyError

from drillyard.range.exporter.exposition import Family, Type

Info = Mapping[str, object]

_DIRECT: tuple[tuple[str, str, Type, str], ...] = (
    ("uptime_in_seconds", "redis_uptime_in_seconds", "gauge", "Seconds since the server started"),
    ("connected_clients", "redis_connected_clients", "gauge", "Client connections"),
    ("blocked_clients", "redis_blocked_clients", "gauge", "Clients in a blocking call"),
    ("maxclients", "redis_config_maxclients", "gauge", "Most client connections allowed"),
    ("used_memory", "redis_memory_used_bytes", "gauge", "Memory that the data and buffers take"),
    ("used_memory_rss", "redis_memory_used_rss_bytes", "gauge", "Memory of the process in RAM"),
    ("used_memory_peak", "redis_memory_used_peak_bytes", "gauge", "Most memory used since the start"),
    ("used_memory_dataset", "redis_memory_used_dataset_bytes", "gauge", "Memory that the data take"),
    ("maxmemory", "redis_memory_max_bytes", "gauge", "Limit at which maxmemory-policy acts; 0 is none"),
    ("mem_fragmentation_ratio", "redis_mem_fragmentation_ratio", "gauge", "RSS over used memory"),
    ("total_connections_received", "redis_connections_received_total", "counter", "Connections accepted"),
    ("rejected_connections", "redis_rejected_connections_total", "counter", "Connections over maxclients"),
    ("total_commands_processed", "redis_commands_processed_total", "counter", "Commands run"),
    ("total_net_input_bytes", "redis_net_input_bytes_total", "counter", "Bytes received"),
    ("total_net_output_bytes", "redis_net_output_bytes_total", "counter", "Bytes sent"),
    ("keyspace_hits", "redis_keyspace_hits_total", "counter", "Look-ups that found their key"),
    ("keyspace_misses", "redis_keyspace_misses_total", "counter", "Look-ups that found nothing"),
    ("expired_keys", "redis_expired_keys_total", "counter", "Keys whose time to live ended"),
    ("evicted_keys", "redis_evicted_keys_total", "counter", "Keys that maxmemory-policy removed"),
    ("used_cpu_sys", "redis_cpu_sys_seconds_total", "counter", "System CPU time in seconds"),
    ("used_cpu_user", "redis_cpu_user_seconds_total", "counter", "User CPU time in seconds"),
    ("rdb_changes_since_last_save", "redis_rdb_changes_since_last_save", "gauge", "Writes since a snapshot"),
    ("aof_enabled", "redis_aof_enabled", "gauge", "Whether the append-only file is written"),
    ("aof_current_size", "redis_aof_current_size_bytes", "gauge", "Size of the append-only file"),
    ("slowlog_length", "redis_slowlog_length", "gauge", "Entries in the slow log"),
)  # fmt: skip


class ValkeyFigures:
    """Reads one server with INFO and CONFIG GET. `url` is `redis://[user:password@]host:port/db`."""

    def __init__(self, url: str) -> None:
        self._client = valkey.Valkey.from_url(
            url.replace("valkey://", "redis://"),
            socket_timeout=1,
            socket_connect_timeout=1,
            client_name="exporter",
        )

    def collect(self) -> Iterator[Family]:
        """All families; only `redis_up 0` when the server does not answer."""
        up = Family("redis_up", "gauge", "Whether the Valkey server answers")
        families: list[Family] = []
        try:
            # The client's types do not tell its synchronous answers from awaitable ones.
            info = dict(cast("Info", self._client.info("everything")))
            info["slowlog_length"] = self._client.slowlog_len()
            families = [
                *_direct(info),
                *_keyspace(info),
                *_commands(info),
                _policy(info),
                *self._latency(info),
            ]
        except ValkeyError as error:
            up.add(0.0)
            print(f"exporter: Valkey: {error}", flush=True)
        else:
            up.add(1.0)
        yield up
        yield from families

    def close(self) -> None:
        """Drop the connections."""
        self._client.connection_pool.disconnect()

    @staticmethod
    def _latency(info: Info) -> Iterator[Family]:
        """`redis_latency_percentiles_usec`, from the server's own per-command histograms."""
        family = Family(
            "redis_latency_percentiles_usec", "gauge", "Time of a command by quantile, in microseconds"
        )
        for key, value in info.items():
            if key.startswith("latency_percentiles_usec_") and isinstance(value, Mapping):
                for quantile, microseconds in value.items():
                    family.add(
                        _number(microseconds),
                        cmd=key.removeprefix("latency_percentiles_usec_"),
                        quantile=f"{float(str(quantile).removeprefix('p')) / 100:g}",
                    )
        yield family


def _direct(info: Info) -> Iterator[Family]:
    for key, name, kind, text in _DIRECT:
        if key in info:
            family = Family(name, kind, text)
            family.add(_number(info[key]))
            yield family


def _keyspace(info: Info) -> Iterator[Family]:
    keys = Family("redis_db_keys", "gauge", "Keys in the database")
    expiring = Family("redis_db_keys_expiring", "gauge", "Keys that have a time to live")
    ttl = Family("redis_db_avg_ttl_seconds", "gauge", "Average time to live, in seconds")
    for key, value in info.items():
        if key.startswith("db") and key[2:].isdigit() and isinstance(value, Mapping):
            keys.add(_number(value.get("keys")), db=key)
            expiring.add(_number(value.get("expires")), db=key)
            ttl.add(_number(value.get("avg_ttl")) / 1000, db=key)
    yield from (keys, expiring, ttl)


def _commands(info: Info) -> Iterator[Family]:
    calls = Family("redis_commands_total", "counter", "Calls of the command")
    spent = Family("redis_commands_duration_seconds_total", "counter", "Time in the command, in seconds")
    failed = Family("redis_commands_failed_calls_total", "counter", "Calls that ended with an error")
    rejected = Family("redis_commands_rejected_calls_total", "counter", "Calls refused before they ran")
    for key, value in info.items():
        if key.startswith("cmdstat_") and isinstance(value, Mapping):
            command = key.removeprefix("cmdstat_")
            calls.add(_number(value.get("calls")), cmd=command)
            spent.add(_number(value.get("usec")) / 1e6, cmd=command)
            failed.add(_number(value.get("failed_calls")), cmd=command)
            rejected.add(_number(value.get("rejected_calls")), cmd=command)
    yield from (calls, spent, failed, rejected)


def _policy(info: Info) -> Family:
    family = Family("redis_instance_info", "gauge", "What the server is; always 1")
    family.add(
        1.0,
        redis_version=str(info.get("valkey_version", info.get("redis_version", ""))),
        role=str(info.get("role", "")),
        maxmemory_policy=str(info.get("maxmemory_policy", "")),
    )
    return family


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | str) else 0.0
