"""What the API shows of faults."""

from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ParameterView(_View):
    """One parameter: `bounds` in words, `default` None where it has to be given."""

    name: str
    about: str
    bounds: str
    default: JsonValue = None
    required: bool = False

    @classmethod
    def of(cls, name: str, schema: dict[str, Any], *, required: bool) -> "ParameterView":
        """From its JSON Schema."""
        return cls(
            name=name,
            about=schema.get("description", ""),
            bounds=_bounds(schema),
            default=schema.get("default"),
            required=required,
        )


class KindView(_View):
    """One kind of fault; `within_s` is how soon after its end the range is as it was."""

    id: str
    family: str
    title: str
    about: str
    undone: str
    moves: list[str]
    within_s: float
    networked: bool
    parameters: list[ParameterView]


class FaultView(_View):
    """A fault that is on: `began` in seconds since the epoch."""

    number: int
    fault: str
    parameters: dict[str, JsonValue]
    began: float
    duration_s: float


class FaultsView(_View):
    """Those that are on, all kinds there are, and the connections that the network's faults can name."""

    on: list[FaultView]
    kinds: list[KindView]
    links: list[str] = []


def _bounds(schema: dict[str, Any]) -> str:
    if choices := schema.get("enum"):
        return " or ".join(map(str, choices))
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    if low is None and above is None:
        return ""
    begin = f"{low:g}" if low is not None else f"above {above:g}"
    return f"{begin} to {high:g}" if high is not None else f"{begin}, below {below:g}"
