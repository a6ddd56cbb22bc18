"""A run of 30 s, its fault, and looks at a healthy shop that somebody changed."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue

from drillyard.assess.experiments.runs import Activity, Experiments, Injected, Observed, Run
from drillyard.assess.measurement import Measurement
from drillyard.faults.catalog import fault_of, function_of

AT = 1_000_000.0
GOOD = {
    "requests.count": 75.0, "requests.success_ratio": 1.0, "latency.p95": 40.0, "latency.p99": 60.0,
    "shop.errors_ratio": 0.0, "proxy.servers.up": 2.0, "services.down": 0.0, "queue.oldest_max": 0.3,
    "jobs.failed.charge_payment": 0.0, "jobs.duration.charge_payment": 150.0, "jobs.duration.send_mail": 40.0,
    "cache.errors": 0.0, "valkey.commands": 900.0, "db.buffers": 5000.0, "processes.restarts": 0.0,
}  # fmt: skip
NOWHERE = {"link": "worker-reports-to-valkey"}


def look(at: float, **changed: float) -> Observed:
    values = {**GOOD, **{name.replace("__", "."): value for name, value in changed.items()}}
    return Observed(at, at + 3, values)


def looks_of(name: str, at: float, values: tuple[float, ...]) -> list[Observed]:
    key = name.replace(".", "__")
    return [look(at + 3.1 * place, **{key: value}) for place, value in enumerate(values)]


def struck(
    kind: str,
    parameters: Mapping[str, JsonValue],
    during: list[Observed],
    before: list[Observed] | None = None,
) -> tuple[Run, Experiments]:
    """One run of 30 s whose fault is on from its 10th to its 28th second."""
    full = fault_of(kind, dict(parameters)).model_dump(mode="json")
    fault = Injected(1, kind, full, 18.0, AT + 10, AT + 28, "its time was over")
    action = Activity(
        "action", "it", "drillyard.chaos.actions", function_of(kind), parameters, "succeeded", {},
        AT + 9.9, AT + 10.1,
    )  # fmt: skip
    probe = Activity(
        "probe", "served", "drillyard.chaos.probes", "success_ratio", {"seconds": 3}, "succeeded",
        during[-1].values.get("requests.success_ratio"), during[-1].began - 0.1, during[-1].ended + 0.1,
    )  # fmt: skip
    run = Run(
        "x-1", {}, "completed", False, AT, AT + 30, method=(action,), after=(probe,), held_after=True
    )  # fmt: skip
    looks = before or [look(AT + 1), look(AT + 5)]
    return run, Experiments({"x": {}}, (run,), {}, (fault,), (*looks, *during))


def beside(
    run: Run, known: Experiments, kind: str, parameters: Mapping[str, JsonValue]
) -> tuple[Run, Experiments]:
    """The same run with another fault in it."""
    full = fault_of(kind, dict(parameters)).model_dump(mode="json")
    other = Injected(2, kind, full, 18.0, AT + 10, AT + 28, "its time was over")
    action = replace(run.method[0], func=function_of(kind), arguments=parameters)
    run = replace(run, method=(*run.method, action))
    return run, replace(known, runs=(run,), injected=(*known.injected, other))


def measured(known: Experiments) -> Measurement:
    return Measurement("m1", "s", "1", "full", 0.0, 1.0, (), experiments=known)
