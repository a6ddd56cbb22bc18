"""What came of disasters, on the terminal."""

from rich.table import Table

from drillyard.base.errors import ExitCode
from drillyard.cli.screen import counted, out
from drillyard.drill.recovery_views import RecoveriesView, RecoveryView


def draw(view: RecoveryView) -> None:
    """One of them."""
    out.print(f"[bold]Disaster {view.number}: {view.title}[/]  [dim]{view.disaster}[/]  ({view.detail})")
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row(
        "customers were away",
        _seconds(view.recovery_s),
        f"{view.failed:,} of {counted(view.asked, 'request')}",
    )
    lost = view.fates.get("lost", 0)
    table.add_row(
        "orders lost", f"{lost:,}", f"{money(view.lost_cents)}, {view.recovery_point_s:.1f} s of them"
    )
    rest = ", ".join(f"{count:,} {fate}" for fate, count in sorted(view.fates.items()) if fate != "lost")
    table.add_row("orders beside them", "", rest or "none")
    table.add_row("not sold meanwhile", money(view.missed_cents), "at the rate of before")
    out.print(table)
    for finding in view.findings:
        out.print(f"[red]✘[/] {finding}")
    for what, why in view.unlooked.items():
        out.print(f"[yellow]?[/] {what} could not be looked at: {why}")
    if not view.findings and not view.unlooked:
        out.print("[green]✔[/] everything else is as it was before")


def draw_all(found: RecoveriesView) -> None:
    """All of them, one a line."""
    if not found.recoveries and found.open is None:
        out.print("Nothing has happened yet.")
        return
    table = Table(
        "", "what", "kind", "graded", "by", "away", "lost", "oldest", "whole", box=None, pad_edge=False
    )
    table.columns[2].no_wrap = True  # documents name it
    for each in found.recoveries:
        table.add_row(
            str(each.number),
            each.title,
            each.disaster,
            "yes" if each.graded else "",
            each.by,
            _seconds(each.recovery_s),
            str(each.fates.get("lost", 0)),
            f"{each.recovery_point_s:.1f} s",
            "no" if each.findings else "?" if each.unlooked else "yes",
        )
    out.print(table)
    if found.open is not None:
        out.print(f"Disaster {found.open} is not over: [bold]drill recovered[/] when it is.")


def outcome(view: RecoveryView) -> ExitCode:
    """OK when everything is as it was."""
    if view.findings or view.recovery_s is None:
        return ExitCode.FAILED
    return ExitCode.INCONCLUSIVE if view.unlooked else ExitCode.OK


def _seconds(value: float | None) -> str:
    return "still" if value is None else f"{value:.1f} s"


def money(cents: int) -> str:
    """An amount."""
    return f"{cents / 100:,.2f} EUR"
