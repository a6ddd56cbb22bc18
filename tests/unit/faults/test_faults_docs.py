from pathlib import Path

import pytest

from drillyard.faults.disasters import disasters
from drillyard.measure.outage import HELD_REQUESTS, HELD_S

DOCS = Path(__file__).parents[3] / "docs" / "disasters.md"


@pytest.mark.parametrize("kind", disasters())
def test_every_disaster_has_its_paragraph(kind: str) -> None:
    each = disasters()[kind]
    assert f"### {kind}\n{each.title}.\n\n{each.about}\n" in DOCS.read_text()


def test_the_bounds_of_service_are_told_as_they_are() -> None:
    text = " ".join(DOCS.read_text().split())
    assert f"for {HELD_S:.0f} seconds at least {HELD_REQUESTS} requests came" in text
