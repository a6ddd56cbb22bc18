"""Showing verdicts with their evidence, and the exit code that goes with them."""

from rich.markup import escape
from rich.padding import Padding

from drillyard.assess.wording import judged
from drillyard.base.errors import ExitCode
from drillyard.cli.screen import out
from drillyard.drill.views import EvidenceView, TaskVerdictView, VerdictView

MARKS = {"pass": "[green]✔[/]", "fail": "[red]✘[/]", "inconclusive": "[yellow]?[/]"}
_CODES = {"pass": ExitCode.OK, "fail": ExitCode.FAILED, "inconclusive": ExitCode.INCONCLUSIVE}


def exit_code(outcome: str) -> ExitCode:
    """What a verdict tells the shell."""
    return _CODES[outcome]


def draw_task(task: TaskVerdictView) -> None:
    """One task, check by check."""
    out.print(f"{MARKS[task.outcome]} [bold]{task.title}[/]")
    if task.self_assessed:
        _print(f"Not measured: {task.self_assessed}", indent=2)
    for check in task.checks:
        _draw_check(check)


def _draw_check(check: VerdictView) -> None:
    _print(f"{MARKS[check.status]} {check.title}  [dim]{check.id}[/]", indent=2)
    if check.our_bug:
        _print("[yellow]This check itself broke: a fault of the drill, never held against you.[/]")
    if check.status == "pass":
        for evidence in check.evidence:
            if evidence.aside:
                _print(f"[dim]{escape(evidence.what)}[/]")
        return
    for evidence in check.evidence:
        if evidence.status != "pass":
            _draw_evidence(evidence, check.title)
    if check.reason and not check.evidence:
        _print(escape(check.reason))


def _draw_evidence(evidence: EvidenceView, title: str) -> None:
    interval = (evidence.low, evidence.high)
    said = judged(evidence.what, evidence.value, interval, evidence.unit, evidence.threshold)
    if said != title:
        _print(escape(said))
    reason = evidence.reason if evidence.reason != evidence.what else ""
    for line in (reason, evidence.source and f"from: {evidence.source}"):
        if line:
            _print(f"[dim]{escape(line)}[/]")
    if evidence.look_next:
        _print(escape(f"look at: {evidence.look_next}"))


def _print(line: str, indent: int = 6) -> None:
    """A line of markup; what does not fit goes on below its beginning."""
    out.print(Padding(line, (0, 0, 0, indent), expand=False))
