"""Showing verdicts with their evidence, and the exit code that goes with them."""

from drillyard.base.errors import ExitCode
from drillyard.cli.screen import amount, out
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
        out.print(f"  Not measured: {task.self_assessed}")
    for check in task.checks:
        _draw_check(check)


def _draw_check(check: VerdictView) -> None:
    out.print(f"  {MARKS[check.status]} {check.title}  [dim]{check.id}[/]")
    if check.our_bug:
        out.print("      [yellow]This check itself broke: a fault of the drill, never held against you.[/]")
    if check.status == "pass":
        return
    for evidence in check.evidence:
        if evidence.status != "pass":
            _draw_evidence(evidence)
    if check.reason and not check.evidence:
        out.print(f"      {check.reason}")


def _draw_evidence(evidence: EvidenceView) -> None:
    found = "" if evidence.value is None else f": {amount(evidence.value, evidence.unit)}"
    if evidence.low is not None and evidence.high is not None and evidence.low != evidence.high:
        found += f" ({amount(evidence.low, evidence.unit)} .. {amount(evidence.high, evidence.unit)})"
    asked = f", asked for {evidence.threshold}" if evidence.threshold else ""
    out.print(f"      {evidence.what}{found}{asked}")
    for line in (evidence.reason, evidence.source and f"from: {evidence.source}"):
        if line:
            out.print(f"      [dim]{line}[/]")
    if evidence.look_next:
        out.print(f"      look at: {evidence.look_next}")
