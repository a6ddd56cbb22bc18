"""An experiment's text: its activities, where each stands, and what those of them that are ours ask for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from drillyard.assess.experiments import reading_of

HYPOTHESIS = "steady-state-hypothesis"
Module = Literal["actions", "probes"]


@dataclass(frozen=True)
class Call:
    """An activity that calls a function of ours; `where` is its place, such as `method[0]`."""

    where: str
    module: Module
    function: str
    arguments: Mapping[str, Any]
    activity: Mapping[str, Any]

    @property
    def reading(self) -> str:
        """The reading that a probe looks at; empty for one that looks at all of them, and for actions."""
        if self.module != "probes":
            return ""
        if self.function == "recovers_within":
            return "requests.success_ratio"
        return reading_of(self.function, self.arguments)


def activities(experiment: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All activities with their places: of the hypothesis, the method, the rollbacks; what is none is left
    out.
    """
    hypothesis = experiment.get(HYPOTHESIS)
    probes = hypothesis.get("probes") if isinstance(hypothesis, Mapping) else None
    for place, found in (
        (f"{HYPOTHESIS}.probes", probes),
        ("method", experiment.get("method")),
        ("rollbacks", experiment.get("rollbacks")),
    ):
        for index, activity in enumerate(found if isinstance(found, list) else ()):
            if isinstance(activity, Mapping):
                yield f"{place}[{index}]", activity


def calls(experiment: Mapping[str, Any]) -> Iterator[Call]:
    """Those of them that call a function of ours."""
    for where, activity in activities(experiment):
        provider = activity.get("provider")
        if not isinstance(provider, Mapping) or provider.get("type") != "python":
            continue
        arguments = provider.get("arguments") or {}
        if isinstance(arguments, Mapping) and (module := _ours(provider.get("module"))):
            yield Call(where, module, str(provider.get("func")), arguments, activity)


def _ours(module: object) -> Module | None:
    match module:
        case "drillyard.chaos.actions":
            return "actions"
        case "drillyard.chaos.probes":
            return "probes"
        case _:
            return None


def function_of(fault: str) -> str:
    """The action of a fault: `network_delay` of `network.delay`."""
    return fault.replace(".", "_").replace("-", "_")


def unknown(value: object) -> bool:
    """Whether a value is only known when the experiment runs: it stands for one of its configuration."""
    if isinstance(value, Mapping):
        return any(map(unknown, value.values()))
    if isinstance(value, list):
        return any(map(unknown, value))
    return isinstance(value, str) and "$" in value
