"""A learner's runbook, run in the operators' shell of a range."""

from pathlib import Path

import psutil
import pytest
from sites_stand import running

from drillyard.base.errors import UserError
from drillyard.drill.operations import Reporter
from drillyard.drill.runbook import run_script, script_of

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

GOOD = """\
# Recovery

```sh
where=$HOME
setsid sh -c 'while :; do sleep 0.1; done' NAME > /dev/null 2>&1 < /dev/null &
```

And then:

```sh
echo "at $where"
shopctl status
```
"""
BAD = """
```sh
# The configuration comes first.
shopctl apply "$OFFSITE/config"
```

```sh
echo never
```
"""


class Heard(Reporter):
    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, message: str, fraction: float | None = None) -> None:
        self.said.append(message)


async def test_a_runbook_is_run_to_its_end_or_to_the_block_that_fails(place: Path) -> None:
    async with running(place) as (made, _):
        good = GOOD.replace("NAME", place.name)
        report = Heard()
        await run_script(made, script_of(good, "Recovery"), report)
        assert made.host
        assert f"runbook: at {made.host.sites.home}" in report.said

        report.said.clear()
        with pytest.raises(UserError) as caught:
            await run_script(made, script_of(good + BAD, "Recovery"), report)
        assert caught.value.what == (
            "The runbook failed in the block at runbook.md:16: its last command ended with 66"
        )
        assert "config is no directory" in caught.value.where.splitlines()[-1]
        assert "runbook: never" not in report.said

        await made.stop()
        left = [
            each for each in psutil.process_iter(["cmdline"]) if place.name in (each.info["cmdline"] or ())
        ]
        assert left == [], "what it left running has ended with the range"
