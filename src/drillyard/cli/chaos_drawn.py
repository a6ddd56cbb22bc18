"""An experiment on the terminal: how far it is while it runs, and what was read when it is over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from drillyard.assess.wording import amount
from drillyard.base.clock import wall
from drillyard.chaos.outcome import Outcome, outcome_of, said_by, title, told
from drillyard.chaos.running import Ran
from drillyard.chaos.seen import FaultSpan, Look, Sample, Seen, Series, said_when_over
from drillyard.chaos.steps import Progress, Step, Steps
from drillyard.cli.screen import err, out, span, sparkline

COLUMNS = 28
"""So many bars a chart has: names, charts and figures fit on 80 columns."""
_BETWEEN_S = 1.0
"""Between two looks."""
_EVERY = 5
"""Without a terminal one look of so many is told."""
_MARKS = {Outcome.HELD: "[green]✔[/]", Outcome.DONE: "[green]✔[/]", Outcome.DEVIATED: "[red]✘[/]"}

OnLook = Callable[[Look], None]


@contextmanager
def following(name: str, *, drawn: bool) -> Iterator[tuple[Steps, OnLook]]:
    """What a run tells its progress to: drawn in place, or line by line."""
    if not drawn:
        lines = Lines()
        yield Steps(lines.say), lines.look
        return
    steps, looks, began = Steps(), list[Look](), wall()
    with Live(
        get_renderable=lambda: _screen(name, steps, looks, wall() - began),
        console=err,
        refresh_per_second=2,
        transient=True,
    ):
        yield steps, looks.append


class Lines:
    """Line by line: each step, some of the looks, and each change of the faults that are on."""

    def __init__(self) -> None:
        self._told = 0
        self._on: tuple[int, ...] = ()

    def say(self, line: str) -> None:
        """One line of progress."""
        err.print(line, markup=False, soft_wrap=True)

    def look(self, look: Look) -> None:
        """A look; most of them are not told."""
        on = tuple(fault.number for fault in look.faults)
        if self._told % _EVERY == 0 or on != self._on:
            self.say(f"  {_readings_line(look)}")
            self._told = 0
        self._told, self._on = self._told + 1, on


def _readings_line(look: Look) -> str:
    if look.why_not:
        return f"no readings: {look.why_not}"
    parts = [f"{name} {amount(sample.value, sample.unit)}" for name, sample in look.samples.items()]
    return f"{', '.join(parts) or 'no readings'}; {_faults_on(look.faults)}"


def _faults_on(faults: tuple[FaultSpan, ...]) -> str:
    return f"on: {', '.join(fault.fault for fault in faults)}" if faults else "no fault is on"


def _screen(name: str, steps: Steps, looks: list[Look], seconds: float) -> Group:
    parts: list[Text | Table | str] = [Text.from_markup(f"[bold]{escape(name)}[/]  {span(seconds)}")]
    for progress in list(steps.parts):
        parts.append(_heading(progress))
        parts += [_step(step) for step in list(progress.steps)]
    return Group(*parts, "", *_live(looks[-COLUMNS:]))


def _heading(progress: Progress) -> Text:
    held = {None: "", True: "  [green]it holds[/]", False: "  [red]it does not hold[/]"}[progress.held]
    return Text.from_markup(f"{progress.part}{held}")


def _step(step: Step) -> Text:
    if step.ended is None:
        return Text.from_markup(f"  [yellow]▸[/] {escape(step.name)}  [dim]{span(wall() - step.began)}[/]")
    mark = "[red]✘[/]" if step.failed else "[green]✔[/]"
    took = f"[dim]{step.ended - step.began:.1f} s[/]"
    return Text.from_markup(f"  {mark} {escape(step.name)}: {escape(step.said)}  {took}", overflow="ellipsis")


def _live(looks: list[Look]) -> Iterator[Table | Text]:
    if not looks:
        yield Text("The first readings come in a moment.")
        return
    table = Table.grid(padding=(0, 2))
    for name, sample in _latest(looks).items():
        values = [found.value if (found := look.samples.get(name)) else None for look in looks]
        table.add_row(name, amount(sample.value, sample.unit), sparkline(values))
    yield table
    yield Text(looks[-1].why_not or _faults_on(looks[-1].faults), overflow="ellipsis", no_wrap=True)


def _latest(looks: list[Look]) -> dict[str, Sample]:
    return {name: sample for look in looks for name, sample in look.samples.items()}


def draw(ran: Ran) -> None:
    """What came of it, on one screen."""
    outcome = outcome_of(ran.journal)
    out.print(f"{_MARKS.get(outcome, '[yellow]?[/]')} [bold]{escape(title(ran.journal))}: {outcome}[/]")
    out.print(Padding(escape(told(ran.journal)), (0, 0, 0, 2), expand=False))
    if late := said_when_over(ran.journal, ran.seen):
        out.print(Padding(escape(late), (0, 0, 0, 2), expand=False))
    for run in (*ran.journal["run"], *ran.journal["rollbacks"]):
        mark = "[green]✔[/]" if run.get("status") == "succeeded" else "[red]✘[/]"
        line = f"{mark} {escape(str(run['activity'].get('name')))}: {escape(said_by(run, 80))}"
        out.print(Padding(line, (0, 0, 0, 2), expand=False))
    if ran.seen.readings:
        out.print()
        out.print(_charts(ran.seen))


def _charts(seen: Seen) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, min_width=COLUMNS)
    table.add_column(no_wrap=True)
    for series in seen.readings:
        values = [value for _, _, value in series.values]
        between = f"{amount(min(values), series.unit)} .. {amount(max(values), series.unit)}"
        table.add_row(series.what, sparkline(columns(series, seen)), between)
    for fault in seen.faults:
        table.add_row(fault.fault, f"[red]{fault_row(fault, seen)}[/]", "was on" if fault.ended else "is on")
    table.add_row("", f"0 s{span(seen.ended - seen.began):>{COLUMNS - 3}}")
    return table


def columns(series: Series, seen: Seen) -> list[float | None]:
    """The run in `COLUMNS` parts: the mean of the looks that reach into each, None where there is none. A
    look counts until the next one has begun.
    """
    found: list[float | None] = []
    for begin, end in _parts(seen):
        values = [
            value for began, ended, value in series.values if began < end and ended + _BETWEEN_S > begin
        ]
        found.append(sum(values) / len(values) if values else None)
    return found


def fault_row(fault: FaultSpan, seen: Seen) -> str:
    """The same parts: a block where the fault was on."""
    ended = seen.ended if fault.ended is None else fault.ended
    return "".join("█" if fault.began < end and ended > begin else "·" for begin, end in _parts(seen))


def _parts(seen: Seen) -> Iterator[tuple[float, float]]:
    step = (seen.ended - seen.began) / COLUMNS
    return ((seen.began + index * step, seen.began + (index + 1) * step) for index in range(COLUMNS))
