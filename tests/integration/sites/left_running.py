"""What operators leave running, and what of it is there after the range has stopped."""

import subprocess
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import psutil
from sites_stand import must, running

from drillyard.base.clock import until
from drillyard.range.privileges import Account, demoted

LOOP = "while :; do sleep 0.1; done"
STUBBORN = f"trap : HUP TERM; {LOOP}"


async def scene(place: Path) -> None:
    """Start loops in every way that operators have, and one that is none of the range's; stop the range.

    Those of the range are to be gone, also ones that do not want to, and the other is not.
    """
    names = {which: f"{which}-{place.name}" for which in ("shell", "stubborn", "crontab", "outside")}

    def run(which: str, loop: str = LOOP) -> str:
        return f"setsid sh -c '{loop}' {names[which]} > /dev/null 2>&1 < /dev/null &"

    async with running(place) as (made, workspace):
        with ExitStack() as stack:
            outside = stack.enter_context(other(names["outside"], workspace, made.account))
            stack.callback(outside.kill)
            (workspace / "ops" / "crontab").write_text(f"@reboot {run('crontab')}\n")
            await made.apply(workspace)
            await must(made, f"shopctl restart scheduler\ncd /\n{run('shell')}\n{run('stubborn', STUBBORN)}")

            async def all_run() -> bool:
                return there(names.values()) == set(names.values())

            await until(all_run, deadline_s=20, what="every loop runs")
            await made.stop()
            assert there(names.values()) == {names["outside"]}
            assert outside.poll() is None


def other(name: str, directory: Path, account: Account) -> "subprocess.Popen[bytes]":
    """A loop of the same account that is none of the range's."""
    return subprocess.Popen(["sh", "-c", LOOP, name], cwd=directory, **demoted(account))


def there(names: Iterable[str]) -> set[str]:
    """Those of the processes with these names that run."""
    words = {word for process in psutil.process_iter(["cmdline"]) for word in process.info["cmdline"] or ()}
    return words & set(names)
