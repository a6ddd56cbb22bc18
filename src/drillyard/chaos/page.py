"""A run as one self-contained page: the hypothesis before and after, what was done, readings over time."""

import time
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from drillyard.assess.report.frame import framed
from drillyard.assess.report.svg import Curve, Zone, over_time
from drillyard.assess.wording import amount
from drillyard.chaos.journals import Journal
from drillyard.chaos.outcome import Outcome, hypothesis, outcome_of, said_by, seconds, title, told, tolerance
from drillyard.chaos.seen import Seen, Series, said_when_over

_CLASSES = {Outcome.HELD: "pass", Outcome.DONE: "pass", Outcome.DEVIATED: "fail"}
_MARKS = {"pass": "✓", "fail": "✗", "inconclusive": "?"}


def page(journal: Journal, seen: Seen) -> str:
    """The whole page. Nothing of secrets or of what activities were called with is in it."""
    return framed(
        f"{title(journal)} - experiment",
        [
            *_head(journal, seen),
            *_hypothesis(journal),
            *_activities("Method", journal["run"], seen),
            *_activities("Rollbacks", journal["rollbacks"], seen),
            *_faults(seen),
            *_readings(seen),
        ],
    )


def _head(journal: Journal, seen: Seen) -> Iterator[str]:
    outcome = outcome_of(journal)
    kind = _CLASSES.get(outcome, "inconclusive")
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seen.began))
    yield f"<h1>{escape(title(journal))}</h1>"
    yield f'<p class="quiet">{when}, {seen.ended - seen.began:.0f} seconds</p>'
    yield f'<p class="status {kind}">{_MARKS[kind]} {outcome}</p><p>{escape(told(journal))}</p>'
    if late := said_when_over(journal, seen):
        yield f"<p>{escape(late)}</p>"
    yield f"<p>{escape(str(journal['experiment'].get('description', '')))}</p>"


def _hypothesis(journal: Journal) -> Iterator[str]:
    asked = hypothesis(journal)
    yield "<h2>Steady state hypothesis</h2>"
    if not asked.get("probes"):
        yield "<p>There is none.</p>"
        return
    states = journal["steady_states"]
    yield f"<p>{escape(str(asked.get('title', '')))}</p>"
    yield (
        '<div class="scroll"><table><tr><th>probe</th><th>asked for</th><th>before</th><th>after</th></tr>'
    )
    for index, probe in enumerate(asked["probes"]):
        cells = "".join(f"<td>{_found(states[when], index)}</td>" for when in ("before", "after"))
        name = escape(str(probe.get("name") or probe.get("ref")))
        yield f"<tr><td>{name}</td><td>{escape(tolerance(probe.get('tolerance')))}</td>{cells}</tr>"
    yield "</table></div>"
    if during := states.get("during"):
        met = sum(bool(state and state["steady_state_met"]) for state in during)
        yield f"<p>Beside the method it was asked {len(during)} times, and held {met} times.</p>"


def _found(state: Mapping[str, Any] | None, index: int) -> str:
    """What a probe gave; nothing where it was not asked, because one before it was outside its tolerance."""
    if not state or index >= len(state["probes"]):
        return '<span class="quiet">not asked</span>'
    run = state["probes"][index]
    kind = "pass" if run.get("tolerance_met") else "fail"
    return f'<span class="{kind}">{_MARKS[kind]} {escape(said_by(run))}</span>'


def _activities(heading: str, runs: Sequence[Mapping[str, Any]], seen: Seen) -> Iterator[str]:
    if not runs:
        return
    yield f'<h2>{heading}</h2><div class="scroll"><table><tr><th class="n">at</th><th class="n">took</th>'
    yield "<th>activity</th><th></th><th>outcome</th></tr>"
    for run in runs:
        began = seconds(run.get("start"))
        at = "" if began is None else f"{began - seen.began:.1f} s"
        took = f"{run['duration']:.1f} s" if "duration" in run else ""
        kind = "" if run.get("status") == "succeeded" else ' class="fail"'
        yield (
            f'<tr><td class="n">{at}</td><td class="n">{took}</td>'
            f"<td>{escape(str(run['activity'].get('name')))}</td>"
            f"<td>{escape(str(run['activity'].get('type', '')))}</td>"
            f"<td{kind}>{escape(said_by(run))}</td></tr>"
        )
    yield "</table></div>"


def _faults(seen: Seen) -> Iterator[str]:
    if not seen.faults:
        return
    yield '<h2>Faults</h2><div class="scroll"><table><tr><th>fault</th><th>with</th><th class="n">from</th>'
    yield '<th class="n">to</th></tr>'
    for fault in seen.faults:
        given = ", ".join(f"{name}={value}" for name, value in fault.parameters.items())
        end = "still on" if fault.ended is None else f"{fault.ended - seen.began:.1f} s"
        yield (
            f"<tr><td>{escape(fault.fault)}</td><td>{escape(given)}</td>"
            f'<td class="n">{fault.began - seen.began:.1f} s</td><td class="n">{end}</td></tr>'
        )
    yield "</table></div>"


def _readings(seen: Seen) -> Iterator[str]:
    yield "<h2>Readings</h2>"
    if not seen.readings:
        yield "<p>There are none: the shop did not answer, or it was over too soon.</p>"
        return
    yield '<p class="quiet">Each point is the end of a look; the red areas are faults that were on.</p>'
    for series in seen.readings:
        values = [value for _, _, value in series.values]
        low, high = amount(min(values), series.unit), amount(max(values), series.unit)
        yield f'<h3>{escape(series.what)} <span class="quiet">{low} to {high}</span></h3>'
        yield f'<div class="scroll">{_chart(series, seen)}</div>'


def _chart(series: Series, seen: Seen) -> str:
    points = [(ended - seen.began, value) for _, ended, value in series.values]
    full = 1.0 if series.unit == "ratio" else 0.0
    return over_time(
        Curve(series.what.rsplit(".", 1)[-1], points),
        list(_zones(seen)),
        until=seen.ended - seen.began,
        y=series.unit or "number",
        at_least=full,
    )


def _zones(seen: Seen) -> Iterator[Zone]:
    """When faults were on, in seconds of the run."""
    for fault in seen.faults:
        end = seen.ended if fault.ended is None else fault.ended
        yield Zone(fault.fault, fault.began - seen.began, end - seen.began)
