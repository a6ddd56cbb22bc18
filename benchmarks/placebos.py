"""How often a fault that did nothing is said to have done something, on a quiet machine and on a busy one.

    python benchmarks/placebos.py [--minutes 4] [--scenario chaos-engineering] [--looks FILE]

A shop without flaws, with its customers, is looked at as `drill chaos run` does: two seconds, again and
again. For half of the time it is alone; then another drill starts beside it, has customers, and is looked at
as well. No fault is put in. Then faults of every kind that never were are laid over the looks, 20 s long, at
every third of them, and the judge of experiments (`assess.experiments.bites`) is asked whether they bit:
whatever it says bit is wrong. Four ways of looking: all looks, three of a short fault, and two or one each
side. Ends with 1 when more than 1 in 100 bite by all looks.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from pathlib import Path

from pydantic import JsonValue

from drillyard.assess.experiments.activities import ACTIONS
from drillyard.assess.experiments.bites import effects
from drillyard.assess.experiments.runs import Activity, Experiments, Injected, Observed, Run
from drillyard.base.clock import monotonic
from drillyard.drill.client import Client
from drillyard.drill.places import Places
from drillyard.drill.readings_now import ReadingsView
from drillyard.faults.catalog import fault_of, function_of, kinds

LOOK_S = 2.0
FAULT_S = 20.0
EVERY = 3
GOAL = 0.01
WAYS = {"all": (20, 20), "20 + 3": (20, 3), "2 + 2": (2, 2), "1 + 1": (1, 1)}
AT = {"link": "worker-reports-to-valkey", "replica": "storefront-1", "component": "storefront-1"}


@dataclass(frozen=True)
class Lab:
    """A home of its own for the drills of this bench."""

    home: Path

    def drill(self, *arguments: str) -> None:
        """Run a command; ends the bench when it fails."""
        env = {**os.environ, "HOME": str(self.home), "DRILLYARD_HOME": str(self.home / "data")}
        done = subprocess.run(
            [sys.executable, "-m", "drillyard.cli.main", *arguments],
            env=env, cwd=self.home, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"drill {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")

    def start(self, name: str, scenario: str) -> Places:
        """A shop without flaws, with customers."""
        self.drill("start", scenario, "--name", name, "--variant", "none")
        self.drill("traffic", "on", "--drill", name)
        return Places(self.home / "data/drills" / name)


def looked(places: Places, seconds: float) -> list[Observed]:
    """Looks at a drill, one after the other, for so long."""
    found, end = [], monotonic() + seconds
    with Client(places, "placebos") as client:
        while monotonic() < end:
            view = client.get("/readings", ReadingsView, seconds=LOOK_S)
            values = {each.name: each.value for each in view.readings}
            found.append(Observed(view.began, view.ended, values))
    return found


def placebos(looks: Sequence[Observed], way: tuple[int, int]) -> Iterator[tuple[Run, Experiments]]:
    """Runs whose faults never were, with the looks that there are of them."""
    for index in range(10, len(looks) - 10, EVERY):
        began = looks[index].began
        before = looks[max(0, index - 20) : index]
        during = [each for each in looks[index:] if each.ended <= began + FAULT_S]
        before, during = before[-way[0] :], during[1 : 1 + way[1]]
        for kind, fault in kinds().items():
            needed = [name for name, field in fault.model_fields.items() if field.is_required()]
            parameters: dict[str, JsonValue] = {name: AT[name] for name in needed}
            full = fault_of(kind, parameters).model_dump(mode="json")
            injected = Injected(1, kind, full, FAULT_S, began, began + FAULT_S, "its time was over")
            action = Activity(
                "action", kind, ACTIONS, function_of(kind), parameters, "succeeded", {},
                began - 0.1, began + 0.1,
            )  # fmt: skip
            run = Run("x-1", {}, "completed", False, began - 5, began + FAULT_S + 2, method=(action,))
            yield run, Experiments({"x": {}}, (run,), {}, (injected,), (*before, *during))


def told(name: str, looks: Sequence[Observed]) -> float:
    """Print what bit; gives the share by all looks."""
    shares = {}
    for way, numbers in WAYS.items():
        asked, by = 0, Counter[str]()
        bitten = 0
        for run, known in placebos(looks, numbers):
            moved = {each.reading for each in effects(run, known)}
            asked, bitten = asked + 1, bitten + bool(moved)
            by.update(moved)
        shares[way] = bitten / max(asked, 1)
        most = ", ".join(f"{reading} {times}" for reading, times in by.most_common(5))
        print(f"{name:6} looks {way:6} {bitten:5} of {asked} bit ({shares[way]:.2%})  {most}", flush=True)
    return shares["all"]


def taken(scenario: str, minutes: float) -> dict[str, list[Observed]]:
    """Looks at a shop that is alone, and at the same beside another."""
    half = minutes * 30
    with tempfile.TemporaryDirectory(prefix="placebos-") as directory, ExitStack() as stack:
        Path(directory).chmod(0o711)  # services run under an account of their own where we are root
        lab = Lab(Path(directory))
        first = lab.start("first", scenario)
        stack.callback(lab.drill, "stop", "--delete", "--yes", "--drill", "first")
        looked(first, 10.0)  # caches and pools fill
        quiet = looked(first, half)
        with ThreadPoolExecutor() as beside:
            stack.callback(lab.drill, "stop", "--delete", "--yes", "--drill", "second")
            other = beside.submit(lambda: looked(lab.start("second", scenario), half / 2))
            busy = looked(first, half)
            other.result()
    return {"quiet": quiet, "busy": [*quiet[-20:], *busy]}


def main() -> int:
    """Look, lay placebos, and say what bit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--scenario", default="chaos-engineering")
    parser.add_argument("--looks", type=Path, help="file of looks: judged anew if it is there, else written")
    asked = parser.parse_args()
    if asked.looks and asked.looks.exists():
        looks = {
            name: [Observed(*each) for each in seen]
            for name, seen in json.loads(asked.looks.read_text()).items()
        }
    else:
        looks = taken(asked.scenario, asked.minutes)
    if asked.looks and not asked.looks.exists():
        asked.looks.write_text(
            json.dumps({name: [astuple(each) for each in seen] for name, seen in looks.items()})
        )
    return int(max([told(name, seen) for name, seen in looks.items()]) > GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
