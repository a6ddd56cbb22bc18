"""Toxics: what is done to one direction of a connection, with Toxiproxy's names, attributes and units."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

_Ms = Annotated[int, Field(ge=0, le=600_000)]
Stream = Literal["upstream", "downstream"]
"""`upstream`: from the client to the server; `downstream`: back."""


class _Attributes(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Latency(_Attributes):
    """All data come `latency` ± `jitter` milliseconds later."""

    latency: _Ms = 0
    jitter: _Ms = 0


class Bandwidth(_Attributes):
    """At most `rate` kilobytes (1000 bytes) a second on each connection; 0 lets nothing through."""

    rate: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class SlowClose(_Attributes):
    """A connection is closed `delay` milliseconds late."""

    delay: _Ms = 0


class Timeout(_Attributes):
    """Nothing gets through; the connection is closed after `timeout` milliseconds (0: once it is removed)."""

    timeout: _Ms = 0


class ResetPeer(_Attributes):
    """The connection is reset (RST) after `timeout` milliseconds."""

    timeout: _Ms = 0


class Slicer(_Attributes):
    """Data come in pieces of `average_size` ± `size_variation` bytes, `delay` microseconds apart."""

    average_size: Annotated[int, Field(ge=1, le=1_000_000)] = 64
    size_variation: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    delay: Annotated[int, Field(ge=0, le=60_000_000)] = 0

    @model_validator(mode="after")
    def _smaller(self) -> "Slicer":
        if self.size_variation >= self.average_size:
            raise ValueError("size_variation has to be smaller than average_size")
        return self


class LimitData(_Attributes):
    """The connection is closed after so many `bytes`."""

    bytes: Annotated[int, Field(ge=0)] = 0


Attributes = Latency | Bandwidth | SlowClose | Timeout | ResetPeer | Slicer | LimitData
KINDS: dict[str, type[Attributes]] = {
    "latency": Latency,
    "bandwidth": Bandwidth,
    "slow_close": SlowClose,
    "timeout": Timeout,
    "reset_peer": ResetPeer,
    "slicer": Slicer,
    "limit_data": LimitData,
}


class Toxic(BaseModel):
    """One toxic. `toxicity` is the share of connections that it is applied to, drawn for each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    type: str
    stream: Stream = "downstream"
    toxicity: float = Field(default=1.0, ge=0, le=1)
    attributes: Attributes = Field(default_factory=Latency)

    @model_validator(mode="before")
    @classmethod
    def _of_its_type(cls, value: Any) -> Any:
        """Attributes are those of the type; a toxic without a name is called `<type>_<stream>`."""
        if not isinstance(value, dict):
            return value
        kind, stream = value.get("type"), value.get("stream") or "downstream"
        attributes = value.get("attributes") or {}
        if isinstance(kind, str) and kind in KINDS and isinstance(attributes, dict):
            attributes = KINDS[kind].model_validate(attributes)
        name = value.get("name") or f"{kind}_{stream}"
        return {**value, "name": name, "stream": stream, "attributes": attributes}

    @model_validator(mode="after")
    def _known(self) -> "Toxic":
        if self.type not in KINDS:
            raise ValueError(f"invalid toxic type; there are: {', '.join(KINDS)}")
        return self

    def changed(self, values: dict[str, Any]) -> "Toxic":
        """The same with other attributes or another toxicity; name, type and stream stay.

        Raises:
            ValidationError: a value is out of its bounds.
        """
        given = values.get("attributes") or {}
        attributes = {**self.attributes.model_dump(), **given} if isinstance(given, dict) else given
        toxicity = values.get("toxicity")
        kept = {"name": self.name, "type": self.type, "stream": self.stream}
        share = self.toxicity if toxicity is None else toxicity
        return TOXIC.validate_python({**kept, "toxicity": share, "attributes": attributes})


TOXIC: TypeAdapter[Toxic] = TypeAdapter(Toxic)
