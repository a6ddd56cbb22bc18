import re
from pathlib import Path

import pytest

from drillyard.base.errors import ExitCode
from drillyard.cli.commands import COMMANDS

PAGE = (Path(__file__).resolve().parents[3] / "docs/commands.md").read_text()


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_its_paragraph(name: str) -> None:
    section = re.search(rf"^### drill {name}\b[^\n]*\n(.+?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert len(section.group(1).strip()) > 20


def test_the_page_describes_no_command_that_does_not_exist() -> None:
    assert set(re.findall(r"^### drill (\w+)", PAGE, re.MULTILINE)) == {command.name for command in COMMANDS}


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_listed(code: ExitCode) -> None:
    assert f"| {code.value} | `{code.name}` |" in PAGE
