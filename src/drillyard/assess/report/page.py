"""The report as one self-contained page: nothing runs in it, nothing is loaded, what came from outside is
escaped.
"""

import time
from collections.abc import Iterable, Sequence
from html import escape

from markdown_it import MarkdownIt

from drillyard.assess.check import AT_END, Status
from drillyard.assess.criteria import Item
from drillyard.assess.report.charts import before_and_after, throughput
from drillyard.assess.report.content import (
    AttemptLine,
    CheckLine,
    EvidenceLine,
    FigureLine,
    Report,
    Story,
    TaskLine,
    TimelineLine,
)
from drillyard.assess.report.frame import framed
from drillyard.assess.report.svg import sparkline
from drillyard.assess.report.text import measured_columns, scored, share
from drillyard.assess.wording import amount

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")

_WORDS = {Status.PASS: "✓ pass", Status.FAIL: "✗ fail", Status.INCONCLUSIVE: "? inconclusive"}


def render(report: Report, data: str = "") -> str:
    """The whole page. `data` is put at its end as it is: the signed report for whoever looks for it."""
    story = report.story
    return framed(
        f"{report.title} - drill report",
        [
            *_head(report),
            *_criteria(report),
            *_scores(report),
            *before_and_after(report.figures),
            *throughput(report.capacities),
            *_section("Experiments", _experiments(report)),
            "<h2>Tasks</h2>",
            *(line for task in report.tasks for line in _task(task)),
            "<h2>What had to hold all along</h2>",
            *_checks(report.invariants),
            *_section("Documents", list(_checks(report.documents))),
            *_section("Analysis of the results", list(_checks(report.analysis))),
            *_figures(report.figures),
            *_section("Hints that were read", _hints(story)),
            *_section("Notes", _list(map(escape, story.notes))),
            *_section("What happened", _timeline(story.timeline)),
            *_section("Earlier attempts", _attempts(story.attempts)),
            *_section("What was planted", _list(map(escape, story.planted))),
            *([_MARKDOWN.render(story.debrief)] if story.debrief else []),
            f'<p class="quiet">Drillyard {escape(report.drillyard)}, {_when(report.generated_at)}. '
            "Seconds are only comparable inside this one measurement. "
            "<code>drill report --verify FILE</code> tells whether this page was altered.</p>",
            data,
        ],
    )


def _section(title: str, lines: Sequence[str]) -> Iterable[str]:
    return [f"<h2>{title}</h2>", *lines] if lines else []


def _list(items: Iterable[str]) -> list[str]:
    found = [f"<li>{item}</li>" for item in items]
    return ["<ul>", *found, "</ul>"] if found else []


def _hints(story: Story) -> list[str]:
    return _list(
        f"{_time(hint.at)} {escape(hint.task)}, tier {hint.tier}: {hint.cost:g} points"
        for hint in story.hints
    )


def _attempts(attempts: Iterable[AttemptLine]) -> list[str]:
    return _list(
        f"{each.number}: {_time(each.at)} {_mark(each.status)}"
        + ("" if each.points is None else f", {each.points:.0f} points")
        for each in attempts
    )


def _timeline(lines: Sequence[TimelineLine]) -> list[str]:
    items = _list(
        f"{_time(each.at)} "
        + (escape(each.text) if each.by == "learner" else f"<em>{escape(each.text)}</em>")
        for each in lines
    )
    if not items:
        return []
    said = f"<summary>{len(lines)} things, in order; what the range did by itself is in italics</summary>"
    return ["<details>", said, *items, "</details>"]


def _head(report: Report) -> Iterable[str]:
    results = report.checks()
    passed = sum(check.status is Status.PASS for check in results)
    story = report.story
    yield f"<h1>{escape(report.title)}</h1>"
    yield (
        f'<p class="quiet">{escape(story.drill or report.scenario)}, variant {escape(report.variant)}, '
        f"attempt {story.attempt}, measured {_when(report.measured_from)}, "
        f"{report.active_seconds / 60:.0f} minutes of work</p>"
    )
    yield (
        f'<p class="status {report.status}">{_WORDS[report.status]}: {passed} of {len(results)} things that '
        f"were judged; {escape(scored(report))}</p>"
    )


def _criteria(report: Report) -> Iterable[str]:
    yield '<div class="cards">'
    for each in report.criteria:
        yield (
            f'<div class="card"><strong>{share(each.score)}</strong>{escape(each.title)}<br>'
            f'{_mark(each.status)} <span class="quiet">{each.done}</span></div>'
        )
    yield "</div>"
    objectives = [item for each in report.criteria if each.id == "objectives" for item in each.items]
    yield from _section("What success meant", _list(_objective(item) for item in objectives))


def _objective(item: Item) -> str:
    mark = _mark(item.status) if item.status else '<span class="quiet">yours to judge</span>'
    behind = f' <span class="quiet">by {escape(", ".join(item.decided_by))}</span>' if item.decided_by else ""
    return f"{mark} {escape(item.text)}{behind}"


def _mark(status: Status) -> str:
    return f'<span class="status {status}">{_WORDS[status]}</span>'


def _scores(report: Report) -> Iterable[str]:
    if not report.scores:
        return
    yield "<h2>Between the untouched system and par</h2>"
    yield '<p class="quiet">0 % is the untouched twin, 100 % the reference solution, logarithmically.</p>'
    yield '<div class="scroll"><table><tr><th>reading</th><th class="n">twin</th><th class="n">yours</th>'
    yield '<th class="n">par</th><th class="n">of the way</th></tr>'
    for score in report.scores:
        share = "" if score.share is None else f"{score.share:.0%}"
        values = "".join(
            f'<td class="n">{_value(v, score.unit)}</td>' for v in (score.twin, score.learner, score.par)
        )
        yield f'<tr><td>{escape(score.name)}</td>{values}<td class="n">{share}</td></tr>'
    yield "</table></div>"


def _experiments(report: Report) -> list[str]:
    if not report.experiments:
        return []
    rows = []
    for each in report.experiments:
        moved = "<br>".join(
            f"{escape(one.reading)} {_value(one.before, one.unit)} → {_value(one.during, one.unit)}"
            for one in each.moved
        )
        status = {"held": Status.PASS, "deviated": Status.FAIL}.get(each.outcome)
        word = f'<span class="{status}">{each.outcome}</span>' if status else "not asked"
        broken = "<br>".join(map(escape, each.broken)) or "nothing"
        rows.append(
            f"<tr><td>{escape(each.run)}<br>{_time(each.began)}</td><td>{escape(each.title)}</td>"
            f"<td>{broken}</td><td>{moved or 'nothing'}</td><td>{word}</td></tr>"
        )
    head = "<tr><th>run</th><th>asked</th><th>broken</th><th>moved</th><th>came of it</th></tr>"
    return [f'<div class="scroll"><table>{head}', *rows, "</table></div>"]


def _task(task: TaskLine) -> Iterable[str]:
    yield f"<h3>{escape(task.title)} {_mark(task.status)}</h3>"
    if task.self_assessed:
        yield f"<p>{escape(task.self_assessed)}</p>"
    yield from _checks(task.checks)


def _checks(checks: Iterable[CheckLine]) -> Iterable[str]:
    for check in checks:
        shown = "" if check.status is Status.PASS else " open"
        yield f"<details{shown}><summary>{_mark(check.status)} {escape(check.title)} "
        when = "" if check.when == str(AT_END) else escape(check.when)
        yield f'<span class="quiet">{when}</span></summary>'
        if check.reason:
            yield f"<p>{escape(check.reason)}</p>"
        yield "<ul>"
        for item in check.evidence:
            yield f"<li>{_evidence(item)}</li>"
        yield "</ul></details>"


def _evidence(item: EvidenceLine) -> str:
    parts = [f'<span class="{item.status}">{escape(item.what)}</span>']
    if item.value is not None:
        parts.append(f"<strong>{_value(item.value, item.unit)}</strong>")
    if item.low is not None and item.high is not None and item.low != item.high:
        parts.append(
            f'<span class="quiet">({_value(item.low, item.unit)} to {_value(item.high, item.unit)})</span>'
        )
    if item.threshold:
        parts.append(f"asked: {escape(item.threshold)}")
    text = " ".join(parts)
    for label, extra in (("", item.reason), ("look next: ", item.look_next), ("source: ", item.source)):
        if extra:
            text += f'<br><span class="quiet">{label}{escape(extra)}</span>'
    return text


def _figures(figures: Iterable[FigureLine]) -> Iterable[str]:
    rows = list(figures)
    if not rows:
        return
    columns = measured_columns(rows)
    compared = any(row.ratio is not None for row in rows)
    yield "<h2>Figures</h2>"
    yield '<div class="scroll"><table><tr><th>reading</th>'
    yield from (f'<th class="n">{title}</th>' for title, _ in columns)
    yield ('<th class="n">yours / twin</th>' if compared else "") + "<th>your windows</th></tr>"
    for row in rows:
        values = "".join(f'<td class="n">{_value(of(row), row.unit)}</td>' for _, of in columns)
        yield f"<tr><td>{escape(row.name)}</td>{values}{_ratio(row) if compared else ''}"
        yield f"<td>{sparkline(row.windows)}</td></tr>"
    yield "</table></div>"


def _ratio(row: FigureLine) -> str:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}×"
    if row.ratio_low is not None and row.ratio_high is not None:
        ratio += f'<br><span class="quiet">{row.ratio_low:.2f} to {row.ratio_high:.2f}</span>'
    return f'<td class="n">{ratio}</td>'


def _value(value: float | None, unit: str) -> str:
    return "-" if value is None else escape(amount(value, unit))


def _time(at: float) -> str:
    return f"<time>{_when(at)}</time>"


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
