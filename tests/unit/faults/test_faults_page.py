"""docs/faults.md says of every fault what the code says."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from drillyard.assess.readings import described
from drillyard.base.errors import UserError
from drillyard.drill.fault_views import KindView
from drillyard.drill.faulting import known
from drillyard.faults.catalog import fault_of, kinds

DOCS = Path(__file__).parents[3] / "docs" / "faults.md"
FAMILIES = {
    "application",
    "cache",
    "database",
    "dependency",
    "deploy",
    "load-balancer",
    "network",
    "process",
    "queue",
    "resource",
}


def paragraph(kind: KindView) -> str:
    """As it stands in the page."""
    text = [f"### {kind.id}", f"{kind.title}.", "", kind.about, ""]
    if kind.parameters:
        text += ["| parameter | meaning | bounds | default |", "|---|---|---|---|"]
        for each in kind.parameters:
            shown = each.default if not isinstance(each.default, list) else ", ".join(map(str, each.default))
            default = "has to be given" if each.required else f"`{shown}`" if shown != "" else "none"
            text.append(f"| `{each.name}` | {each.about} | {each.bounds} | {default} |")
        text.append("")
    moves = ", ".join(f"`{reading}` {way}" for reading, way in map(str.split, kind.moves))
    needs = " Needs a range with a network." if kind.networked else ""
    text += [f"Undone: {kind.undone}; as before within {kind.within_s:g} s. Moves {moves}.{needs}", ""]
    return "\n".join(text)


@pytest.mark.parametrize("kind", known(), ids=lambda kind: kind.id)
def test_every_fault_has_its_paragraph(kind: KindView) -> None:
    assert paragraph(kind) in DOCS.read_text()


def test_every_family_is_there_and_every_parameter_is_explained() -> None:
    assert {kind.family for kind in known()} == FAMILIES
    for kind in known():
        assert kind.id.startswith(f"{kind.family}.")
        for each in kind.parameters:
            assert each.about.endswith("."), (kind.id, each.name)


def test_numbers_have_bounds() -> None:
    for name, kind in kinds().items():
        for field, schema in kind.model_json_schema().get("properties", {}).items():
            if schema.get("type") in ("number", "integer"):
                assert {"minimum", "exclusiveMinimum"} & schema.keys(), (name, field)
                assert {"maximum", "exclusiveMaximum"} & schema.keys(), (name, field)


def test_what_a_fault_moves_is_a_reading() -> None:
    readings = described()
    for kind in kinds().values():
        assert kind.moves
        for each in kind.moves:
            assert any(reading.matches(each.reading) for reading in readings), (kind.id, each.reading)


@pytest.mark.parametrize(
    ("kind", "parameters", "said"),
    [
        ("nothing", {}, "There is no fault"),
        ("network.delay", {}, "link"),
        ("network.delay", {"link": "a-to-b", "delay_ms": -1}, "delay_ms"),
        ("network.delay", {"link": "a-to-b", "nonsense": 1}, "nonsense"),
        ("database.dropped-index", {"index": "a; DROP TABLE b"}, "index"),
    ],
)
def test_a_wrong_fault_is_refused_in_words(kind: str, parameters: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        fault_of(kind, parameters)  # type: ignore[arg-type]  # what came over the wire


def test_a_fault_is_its_parameters_and_does_not_change() -> None:
    fault = fault_of("cache.flush", {"every_s": "2.5"})
    assert fault.model_dump() == {"every_s": 2.5}
    with pytest.raises(ValidationError):
        fault.every_s = 3  # type: ignore[attr-defined]  # it is frozen
