"""Valkey: the cache server's own counters, from `INFO` (https://valkey.io/commands/info/)."""

import valkey.asyncio as valkey

from drillyard.measure.reading import Combine, Unit
from drillyard.measure.site import Site
from drillyard.measure.source import Described, Sheet, Source, SourceError, deltas

_COUNTERS = (
    "keyspace_hits",
    "keyspace_misses",
    "evicted_keys",
    "expired_keys",
    "total_commands_processed",
    "total_error_replies",
)
_WRITES = ("cmdstat_set", "cmdstat_setex", "cmdstat_psetex", "cmdstat_mset", "cmdstat_setnx")


class Valkey(Source):
    """Hits, evictions, commands and memory of the whole server, all clients together."""

    name = "valkey"
    describes = (
        Described("valkey.hit_ratio", Unit.RATIO),
        Described("valkey.evicted", Unit.COUNT, Combine.SUM),
        Described("valkey.expired", Unit.COUNT, Combine.SUM),
        Described("valkey.commands", Unit.COUNT, Combine.SUM, per_request=True),
        Described("valkey.writes", Unit.COUNT, Combine.SUM, per_request=True),
        Described("valkey.rejected", Unit.COUNT, Combine.SUM),
        Described("valkey.memory", Unit.BYTES, Combine.MAX),
        Described("valkey.memory_share", Unit.RATIO, Combine.MAX),
        Described("valkey.keys", Unit.COUNT, Combine.LAST),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        endpoint = site.addresses.endpoint("valkey")
        self._client = valkey.Valkey(
            host=endpoint.host,
            port=endpoint.port,
            socket_timeout=5,
            socket_connect_timeout=3,
            client_name="drillyard-measure",
            decode_responses=True,
        )
        self._before: dict[str, float] = {}
        self._run_id = ""
        self._memory: list[float] = []

    async def begin(self) -> None:
        """Read the counters."""
        self._memory = []
        self._run_id, self._before, _ = await self._snapshot()

    async def sample(self) -> None:
        """Note the memory in use."""
        info = await self._client.info("memory")
        self._memory.append(float(info["used_memory"]))

    async def end(self, sheet: Sheet) -> None:
        """Read the counters again and write down what they grew by."""
        run_id, after, state = await self._snapshot()
        if run_id != self._run_id:
            raise SourceError("Valkey was restarted inside the window")
        grown = deltas(self._before, after)
        stats, commands = "INFO stats", "INFO commandstats"
        hits, misses = grown["keyspace_hits"], grown["keyspace_misses"]
        sheet.add_ratio("valkey.hit_ratio", hits, hits + misses, stats)
        sheet.add("valkey.evicted", grown["evicted_keys"], stats)
        sheet.add("valkey.expired", grown["expired_keys"], stats)
        sheet.add("valkey.commands", grown["total_commands_processed"], stats)
        sheet.add("valkey.writes", sum(grown.get(name, 0.0) for name in _WRITES), commands)
        sheet.add("valkey.rejected", grown["out_of_memory"], "INFO errorstats")
        most = max((*self._memory, state["used_memory"]))
        sheet.add("valkey.memory", most, "INFO memory")
        if state["maxmemory"] > 0:
            sheet.add("valkey.memory_share", most / state["maxmemory"], "INFO memory")
        sheet.add("valkey.keys", state["keys"], "INFO keyspace")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _snapshot(self) -> tuple[str, dict[str, float], dict[str, float]]:
        info = await self._client.info("everything")
        counters = {name: float(info.get(name, 0)) for name in _COUNTERS}
        counters |= {name: float(info[name]["calls"]) for name in _WRITES if name in info}
        counters["out_of_memory"] = float(info.get("errorstat_OOM", {}).get("count", 0))
        keys = sum(db["keys"] for name, db in info.items() if name.startswith("db") and isinstance(db, dict))
        state = {
            "used_memory": float(info["used_memory"]),
            "maxmemory": float(info["maxmemory"]),
            "keys": float(keys),
        }
        return str(info["run_id"]), counters, state
