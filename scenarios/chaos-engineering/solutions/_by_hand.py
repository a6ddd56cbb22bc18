"""Do by hand what a solution is: experiments one after the other, conclusions, a repair, the experiments of
what was weak once more, and the three documents.

`--repair-only` puts the changes in force and does nothing else; `--library` runs experiments by Chaos
Toolkit's own library instead of `drill chaos run`.
"""

import argparse
import json
import subprocess
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from _experiments import FORGOTTEN, MOST, QUESTIONS, Question
from chaoslib.experiment import run_experiment
from chaoslib.loader import load_experiment
from chaoslib.types import Strategy

from drillyard.chaos.probes import readings
from drillyard.scenario.changes import Changes
from drillyard.scenario.edits import apply_edits
from drillyard.scenario.yaml_file import read_model

EXPERIMENTS, JOURNALS = Path("experiments"), Path("experiments/journals")
COMPONENTS = {
    "retries-without-budget": "worker-notifications",
    "acknowledged-before-work": "worker-notifications",
    "charge-without-key": "worker-payments",
    "dead-replica-in-rotation": "haproxy",
}
"""Whose weakness it is; the others are the storefront's."""
ACTIONS = {
    "cache-without-timeout": "Give up on the cache after a quarter of a second, and let the breaker rest it.",
    "cache-required": "Let pages come from the database while the cache is away.",
    "stampede": "Let one request fill the home page's entry while the others wait (protection lock).",
    "retries-without-budget": "Retry mails six times with growing, spread pauses, then put them aside.",
    "acknowledged-before-work": "Acknowledge a mail's job after the mail was sent, and never before.",
    "charge-without-key": "Send every attempt of a charge with the order's own idempotency key.",
    "pool-held-by-partner": "Keep the partner out of the checkout's transaction, or bound the wait for it.",
    "start-needs-partner": "Start replicas without asking the partner; charges are made by workers anyway.",
    "dead-replica-in-rotation": "Check replicas' health in HAProxy and send refused requests elsewhere.",
    "single-replica": "Run two replicas, so that one may be away at any time.",
}
LATE_MS = 1000.0
"""Customers whose answers take longer are those of an experiment that is not over yet."""
BUSY = 0.6
"""Share of time that something waits for a CPU: then killed processes are late to come back, and looks late
to look.
"""
WORDS = {True: "held", False: "deviated", None: "not asked"}
SEVERE = ("cache-required", "charge-without-key", "acknowledged-before-work", "start-needs-partner")


@dataclass(frozen=True)
class Ran:
    """One run, by its journal."""

    question: Question
    name: str
    journal: Mapping[str, Any]

    @property
    def held(self) -> bool | None:
        """Whether the hypothesis held afterwards; None when that could not be asked."""
        after = self.journal["steady_states"].get("after")
        return bool(after["steady_state_met"]) if after and self.journal["status"] == "completed" else None

    @property
    def refuted(self) -> bool:
        """Whether it was what was asked that did not hold, and not the shop as a whole."""
        if self.held is not False:
            return False
        probes = self.journal["steady_states"]["after"]["probes"]
        return [each["activity"]["name"] for each in probes if not each["tolerance_met"]] != [MOST]

    def evidence(self) -> dict[str, object]:
        """What was read when the hypothesis was asked with the fault on, and did not hold; of what is in no
        reading, what the database said.
        """
        asked = self.journal["steady_states"]["after"]["probes"][-1]
        if self.question.query:
            return self._cited(asked, FORGOTTEN, json.loads(asked["output"]["stdout"])[0]["left"], 0.0)
        return self._cited(asked, self.question.reading, asked["output"], 1.0)

    def _cited(
        self, probe: Mapping[str, Any], reading: str, value: float, after_s: float
    ) -> dict[str, object]:
        began = datetime.fromisoformat(probe["start"])
        at = (began if began.tzinfo else began.replace(tzinfo=UTC)) + timedelta(seconds=after_s)
        return {"run": self.name, "reading": reading, "at": at.isoformat(), "value": value}


Runner = Callable[[Path, Path], Mapping[str, Any]]


def main() -> None:
    """As the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("changes", type=Path)
    parser.add_argument("--repair-only", action="store_true")
    parser.add_argument("--library", action="store_true")
    chosen = parser.parse_args()
    if chosen.repair_only:
        repair(chosen.changes)
        return
    runner = by_library if chosen.library else by_drill
    first = ask(QUESTIONS, runner)
    weak = weaknesses(first)
    repair(chosen.changes)
    again = [run(ran.question, runner) for ran in weak.values()]
    write_findings(first, weak)
    write_analysis(first, weak, again)


def ask(questions: Sequence[Question], runner: Runner) -> list[Ran]:
    """Write these hypotheses down, and run their experiments."""
    JOURNALS.mkdir(parents=True, exist_ok=True)
    text = "# Hypotheses\n\n" + "\n".join(question.hypothesis() for question in questions)
    Path("hypothesis.md").write_text(text, encoding="utf-8")
    return [run(question, runner) for question in questions]


def run(question: Question, runner: Runner) -> Ran:
    """Run an experiment once more, and give what came of it."""
    file = EXPERIMENTS / f"{question.name}.yaml"
    file.write_text(json.dumps(question.experiment(shop()), indent=1), encoding="utf-8")
    number = 1 + len(list(JOURNALS.glob(f"{question.name}-[0-9].json")))
    name = f"{question.name}-{number}"
    until_served()
    journal = runner(file, JOURNALS / f"{name}.json")
    until_served()
    return Ran(question, name, journal)


def by_drill(file: Path, journal: Path) -> Mapping[str, Any]:
    """With progress and readings, as `drill` runs it."""
    drill("chaos", "run", str(file), "--journal", str(journal), codes=(0, 1, 2, 3, 4, 5, 6, 7, 8))
    found: Mapping[str, Any] = json.loads(journal.read_text(encoding="utf-8"))
    return found


def by_library(file: Path, journal: Path) -> Mapping[str, Any]:
    """With Chaos Toolkit's own library."""
    found: Mapping[str, Any] = run_experiment(load_experiment(str(file)), strategy=Strategy.DEFAULT)
    journal.write_text(json.dumps(found, indent=1, default=str), encoding="utf-8")
    return found


def until_served() -> None:
    """Look until customers are served in time, what waited is worked off, and the machine is not busy."""
    ends = time.monotonic() + 50
    while time.monotonic() < ends:
        seen = readings(seconds=3)
        served = seen.get("requests.success_ratio", 0.0) >= 0.98 and seen.get("latency.p95", 0.0) < LATE_MS
        done = seen.get("queue.oldest_max", 0.0) < 3
        if served and done and seen.get("machine.pressure", 0.0) < BUSY:
            return


def weaknesses(first: Sequence[Ran]) -> dict[str, Ran]:
    """What is weak, each with the run that showed it."""
    by_name = {ran.question.name: ran for ran in first}
    found = {
        ran.question.mechanisms[0]: ran for ran in first if ran.refuted and len(ran.question.mechanisms) == 1
    }
    if "cache-required" in found:
        found.pop("cache-without-timeout", None)  # it bears no loss of the cache at all
    away = by_name["replica-away"]
    if away.refuted:
        replicas = tomllib.loads(Path("range.toml").read_text(encoding="utf-8"))["storefront"]["replicas"]
        found["single-replica" if replicas == 1 else "dead-replica-in-rotation"] = away
    return found


@cache
def shop() -> str:
    """Where customers come to."""
    found: Mapping[str, str] = json.loads(drill("open", "--json"))
    return found["shop"]


def repair(changes: Path) -> None:
    """Put the changes in force."""
    apply_edits(read_model(changes, Changes), Path.cwd())
    drill("apply")


def write_findings(first: Sequence[Ran], weak: Mapping[str, Ran]) -> None:
    """findings.yaml: JSON is YAML."""
    findings = [
        {
            "component": COMPONENTS.get(mechanism, "storefront"),
            "mechanism": mechanism,
            "severity": "critical" if mechanism in SEVERE else "high",
            "evidence": [ran.evidence()],
            "action": ACTIONS[mechanism],
            "fixed": True,
        }
        for mechanism, ran in weak.items()
    ]
    healthy = [
        {"component": COMPONENTS.get(mechanism, "storefront"), "mechanism": mechanism, "run": ran.name}
        for ran in first
        for mechanism in ran.question.mechanisms
        if ran.held
    ]
    Path("findings.yaml").write_text(json.dumps({"findings": findings, "healthy": healthy}, indent=1))


def write_analysis(first: Sequence[Ran], weak: Mapping[str, Ran], again: Sequence[Ran]) -> None:
    """analysis.md."""
    outcomes = "\n".join(
        f"- {ran.name}: {WORDS[ran.held]}. {ran.question.expected}" for ran in (*first, *again)
    )
    found = (
        "\n".join(f"- {each}: {ACTIONS[each]}" for each in weak)
        or "- Nothing that these experiments ask for."
    )
    text = ANALYSIS.format(outcomes=outcomes, found=found, count=len(weak))
    Path("analysis.md").write_text(text, encoding="utf-8")


ANALYSIS = """\
# Analysis

## Hypotheses and outcomes

What was expected, and whether the steady state held while the fault was on:

{outcomes}

## What is weak

{count} weaknesses, each shown by a run whose hypothesis was refuted while its fault was on, and named in
findings.yaml with the reading:

{found}

## What was mended

Everything that changes.yaml of this solution lists, put in force by one `drill apply`; the experiments of
what was weak were run again afterwards and held.

## What remains

Two faults at once were not tried, nor any that last longer than half a minute, nor the database's own
failures: a primary without a standby is still one.
"""


def drill(*arguments: str, codes: Sequence[int] = (0,)) -> str:
    """What a command prints; it must work."""
    done = subprocess.run(["drill", *arguments], check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode not in codes:
        raise SystemExit(f"drill {' '.join(arguments)} ended with {done.returncode}: {done.stdout[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
