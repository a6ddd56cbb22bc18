import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
LISTED = set(re.findall(r"[\w-]+", (ROOT / "docs/licences.md").read_text().lower()))


@pytest.mark.parametrize("requirement", DEPENDENCIES)
def test_every_dependency_has_its_licence_listed(requirement: str) -> None:
    name = re.match(r"[\w-]+", requirement)
    assert name is not None
    assert name.group().lower() in LISTED
