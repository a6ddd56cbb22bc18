"""An experiment's text: its activities, where each stands, and what those of them that are ours ask for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any, Literal

HYPOTHESIS = "steady-state-hypothesis"
ACTIONS, PROBES = "drillyard.chaos.actions", "drillyard.chaos.probes"
"""The modules of our driver."""
ENDING = "end_faults"
"""The action that ends all faults."""
RECOVERS = "recovers_within"
"""The probe that waits until customers are served again."""
Module = Literal["actions", "probes"]
_OURS: Mapping[object, Module] = {ACTIONS: "actions", PROBES: "probes"}
MOST_TEXT = 20_000
"""What a text may become, in characters, when names in it are replaced: no argument is longer."""
_WHOLE = re.compile(r"\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)")
_SERVED = "requests.success_ratio"
_READS = {"success_ratio": _SERVED, "p95_ms": "latency.p95", "orders_per_minute": "business.orders"}


@dataclass(frozen=True)
class Call:
    """An activity that calls a function of ours; `where` is its place, such as `method[0]`.

    `arguments` and `tolerance` have the values of the experiment's configuration in the place of its names.
    """

    where: str
    module: Module
    function: str
    arguments: Mapping[str, Any]
    activity: Mapping[str, Any]
    tolerance: Any = None

    @property
    def reading(self) -> str:
        """The reading that a probe looks at; empty for one that looks at all of them, and for actions."""
        if self.module != "probes":
            return ""
        return _SERVED if self.function == RECOVERS else reading_of(self.function, self.arguments)

    @property
    def breaks(self) -> bool:
        """Whether it puts a fault in."""
        return self.module == "actions" and self.function != ENDING


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
        arguments = settled(provider.get("arguments") or {}, experiment)
        if isinstance(arguments, Mapping) and (module := _OURS.get(str(provider.get("module")))):
            tolerance = settled(activity.get("tolerance"), experiment)
            yield Call(where, module, str(provider.get("func")), arguments, activity, tolerance)


def asks_in(experiment: Mapping[str, Any]) -> str:
    """When its hypothesis is asked, as Chaos Toolkit's strategy says it."""
    found: object = experiment
    for part in ("runtime", "hypothesis", "strategy"):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else "default"


def reading_of(func: str, arguments: Mapping[str, Any]) -> str:
    """The reading that a probe of ours gives; empty for one that looks at several, or gives no reading."""
    match func:
        case "reading":
            return str(arguments.get("name") or "")
        case "queue_age_s":
            queue = arguments.get("queue")
            return f"queue.oldest.{queue}" if queue else "queue.oldest_max"
        case _:
            return _READS.get(func, "")


def settled(value: Any, experiment: Mapping[str, Any]) -> Any:
    """A value with what the configuration says in the place of its names; a name alone keeps the type.

    Within a longer text only plain values are put in, and none where it would be longer than `MOST_TEXT`.
    What is known only when the experiment runs (of the environment, a vault, a control) stays a name.
    """
    configuration = experiment.get("configuration")
    known = configuration if isinstance(configuration, Mapping) else {}
    values = {str(name): each for name, each in known.items() if not isinstance(each, Mapping)}
    texts = {name: str(each) for name, each in values.items() if not isinstance(each, list)}
    return _settled(value, values, texts, max(map(len, texts.values()), default=0))


def _settled(value: Any, known: Mapping[str, Any], texts: Mapping[str, str], longest: int) -> Any:
    if isinstance(value, Mapping):
        return {name: _settled(each, known, texts, longest) for name, each in value.items()}
    if isinstance(value, list):
        return [_settled(each, known, texts, longest) for each in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    if (whole := _WHOLE.fullmatch(value)) and (whole[1] or whole[2]) in known:
        return known[whole[1] or whole[2]]
    if len(value) + value.count("$") * longest > MOST_TEXT:
        return value
    return Template(value).safe_substitute(texts)


def unknown(value: object) -> bool:
    """Whether a value, or a part of it, is only known when the experiment runs."""
    if isinstance(value, Mapping):
        return any(map(unknown, value.values()))
    if isinstance(value, list):
        return any(map(unknown, value))
    return isinstance(value, str) and _WHOLE.search(value) is not None
