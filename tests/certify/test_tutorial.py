"""docs/tutorial.md, followed command by command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.certify, pytest.mark.timeout(1800)]

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
BLOCK = re.compile(r"^```(?P<kind>[a-z-]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`(spilling-sorts/[^`]+)`:?\s*\Z")


def test_the_tutorial_leads_to_a_scenario_that_certifies(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NO_COLOR": "1",
    }
    ran, wrote = [], []
    for block in BLOCK.finditer(PAGE):
        if block["kind"] == "sh":
            for command in block["body"].splitlines():
                done = subprocess.run(
                    command,
                    shell=True,
                    cwd=tmp_path,
                    env=environment,
                    text=True,
                    capture_output=True,
                    check=False,
                )
                assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
                ran.append(command)
            continue
        named = FILE.search(PAGE[: block.start()])
        assert named is not None, f"no file is named before {block[0][:60]!r}"
        path = tmp_path / named[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block["body"])
        wrote.append(named[1])
    assert len(ran) == 8
    assert len(wrote) == 11
