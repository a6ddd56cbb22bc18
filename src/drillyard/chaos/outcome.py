"""What a journal says came of its run, in words."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from drillyard.assess.experiments.activities import HYPOTHESIS
from drillyard.chaos.toolkit_log import encoded


class Outcome(StrEnum):
    """What came of a run."""

    HELD = "held"
    """It came to its end, and the hypothesis held from the method on."""
    DONE = "done"
    """It came to its end, and no hypothesis was asked from the method on."""
    DEVIATED = "deviated"
    """The hypothesis held before, and not afterwards."""
    NOT_ASKED = "not asked afterwards"
    """A probe of the hypothesis failed afterwards: whether it held cannot be said (the toolkit says no)."""
    NOT_STEADY = "not steady before"
    """The hypothesis did not hold before anything was done, so that nothing was done."""
    NOT_TRIED = "not tried"
    """An action of the method, or the run itself, failed: what holds afterwards shows nothing."""
    INTERRUPTED = "interrupted"


def outcome_of(journal: Mapping[str, Any]) -> Outcome:
    """What came of the run. The toolkit itself calls one completed in which an action failed."""
    before = journal["steady_states"]["before"]
    if journal["status"] == "interrupted":
        return Outcome.INTERRUPTED
    if _unasked(journal["steady_states"]["after"]):
        return Outcome.NOT_ASKED
    if journal["deviated"]:
        return Outcome.DEVIATED
    if before and before["steady_state_met"] is False:
        return Outcome.NOT_STEADY
    if journal["status"] != "completed" or next(failed_actions(journal), None):
        return Outcome.NOT_TRIED
    states = journal["steady_states"]
    return Outcome.HELD if states["after"] or states.get("during") else Outcome.DONE


def _unasked(state: Mapping[str, Any] | None) -> bool:
    """Whether a probe could not be asked; the toolkit ends a hypothesis there."""
    return state is not None and any(each.get("status") != "succeeded" for each in state["probes"])


def failed_actions(journal: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The actions of the method that did not succeed."""
    for run in journal["run"]:
        if run["activity"].get("type") == "action" and run.get("status") != "succeeded":
            yield run


def told(journal: Mapping[str, Any]) -> str:
    """What came of the run, in a sentence or two."""
    match outcome_of(journal):
        case Outcome.HELD | Outcome.DONE:
            return _held(journal)
        case Outcome.DEVIATED:
            return f"The hypothesis did not hold afterwards: {_outside(journal['steady_states']['after'])}"
        case Outcome.NOT_ASKED:
            run = journal["steady_states"]["after"]["probes"][-1]
            return f"Whether it held cannot be said: {run['activity']['name']} failed: {said_by(run)}"
        case Outcome.NOT_STEADY:
            why = _outside(journal["steady_states"]["before"])
            return f"The hypothesis did not hold before anything was done, so nothing was: {why}"
        case Outcome.NOT_TRIED:
            failed = next(failed_actions(journal), None)
            why = f"{failed['activity']['name']}: {said_by(failed)}" if failed else journal["status"]
            return f"What holds afterwards shows nothing, the method was not carried out: {why}"
        case Outcome.INTERRUPTED:
            return "It was interrupted."


def _held(journal: Mapping[str, Any]) -> str:
    states = journal["steady_states"]
    if states["after"] or states.get("during"):
        return f"The hypothesis held {'afterwards' if states['after'] else 'during the method'}."
    why = "it was not looked at afterwards" if hypothesis(journal).get("probes") else "there is none"
    return f"Of a hypothesis nothing can be said: {why}."


def _outside(state: Mapping[str, Any] | None) -> str:
    """The probe that was outside of its tolerance: the toolkit ends a hypothesis at the first."""
    if not state or not state["probes"]:
        return "it did so during the method."
    run = state["probes"][-1]
    activity = run["activity"]
    return f"{activity['name']}: {said_by(run)}, asked for {tolerance(activity.get('tolerance'))}."


def said_by(run: Mapping[str, Any], limit: int = 160) -> str:
    """What an activity gave, or why it failed, on one line."""
    match run.get("status"):
        case "succeeded":
            text = _value(run["output"])
        case "failed":
            lines = "".join(run.get("exception") or ["it failed"]).strip().splitlines()
            said = [each for each in lines if not each.lstrip().startswith("For further information")]
            text = re.sub(r"^(?:[\w.]+\.)?\w*(?:Error|Failed|Exception): ", "", said[-1].strip())
        case _:
            text = "interrupted"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _value(output: object) -> str:
    match output:
        case None | []:
            return "done"
        case {"number": number, "fault": fault, "duration_s": float() | int() as lasts}:
            return f"fault {number} ({fault}) is on, for {lasts:g} s"
        case [*names] if all(isinstance(each, str) for each in names):
            return ", ".join(map(str, names))
    if isinstance(output, float):
        return f"{output:.4g}"
    if isinstance(output, str):
        return " ".join(output.split())
    return json.dumps(output, ensure_ascii=False, default=encoded)


def tolerance(asked: object) -> str:
    """A tolerance in words."""
    match asked:
        case {"type": "range", "range": [low, high]} | [int() | float() as low, int() | float() as high]:
            return f"{low} to {high}"
        case {"type": "regex", "pattern": pattern}:
            return f"what matches {pattern}"
        case {"type": "jsonpath", "path": path}:
            return f"what has {path}"
        case {"type": "probe", "name": name}:
            return f"what {name} takes"
        case _:
            return _value(asked)


def seconds(stamp: str | None) -> float | None:
    """Seconds since the epoch of one of its times."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else None


def title(journal: Mapping[str, Any]) -> str:
    """The experiment's."""
    return str(journal["experiment"].get("title", ""))


def hypothesis(journal: Mapping[str, Any]) -> Mapping[str, Any]:
    """The experiment's; empty when it has none."""
    return journal["experiment"].get(HYPOTHESIS) or {}
