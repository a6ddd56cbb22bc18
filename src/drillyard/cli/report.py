"""`drill report`: what a submission came to."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from drillyard.assess.report_file import page, verify
from drillyard.base.errors import UserError
from drillyard.base.signing import MachineKey
from drillyard.cli.options import DrillName, Json
from drillyard.cli.reports import draw_report
from drillyard.cli.screen import out, show_json, show_markdown
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import DebriefRequest, DebriefView, ReportView


def command(
    *,
    attempt: Annotated[
        int | None, typer.Option("--attempt", "-a", min=1, help="Which submission; the latest without it.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="All of it, every check with its evidence.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it to a file: .md, .html or .json.")
    ] = None,
    debrief: Annotated[
        bool,
        typer.Option("--debrief", help="What was planted, and the debrief; noted if you did not pass yet."),
    ] = False,
    check: Annotated[
        Path | None,
        typer.Option("--verify", help="Tell whether a report's file was altered; needs no drill."),
    ] = None,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """What a submission came to, on one screen."""
    if check is not None:
        _verify(check)
        return
    with Client(choose(drill), "report") as client:
        if debrief:
            _debrief(client.post("/debrief", DebriefRequest(), DebriefView), as_json=as_json)
            return
        report = client.get("/report", ReportView, attempt=attempt or 0)
    if output is not None:
        try:
            output.write_text(_as(output.suffix, report), encoding="utf-8")
        except OSError as error:
            raise UserError(f"The report cannot be written: {error.strerror}", where=str(output)) from error
        out.print(f"Written to {output}", soft_wrap=True)
    elif as_json:
        show_json(report)
    elif full:
        show_markdown(report.markdown)
    else:
        draw_report(report)


def _as(suffix: str, report: ReportView) -> str:
    match suffix:
        case ".html":
            return page(report.data)
        case ".json":
            return report.data
        case _:
            return report.markdown


def _debrief(view: DebriefView, *, as_json: bool) -> None:
    if as_json:
        show_json(view)
        return
    planted = "".join(f"- {title}\n" for title in view.planted)
    show_markdown(f"# What was planted\n\n{planted}\n{view.debrief}")


def _verify(file: Path) -> None:
    """Say whose key signed the report in `file`.

    Raises:
        ForgedError: it was altered.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The report cannot be read: {error}", where=str(file)) from error
    try:
        found = verify(text)
    except UserError as error:
        error.where = error.where or str(file)
        raise
    report = found.report
    out.print(f"[green]✔[/] {escape(str(file))} is as it was signed.", soft_wrap=True)
    whose = "this machine's" if found.key == MachineKey.here().thumbprint else "not this machine's"
    out.print(f"  {escape(report.title)}, variant {escape(report.variant)}: {report.status.value}")
    out.print(f"  key {found.key} ({whose})", soft_wrap=True)
    if not found.page:
        out.print(
            f"  [yellow]The page was made by Drillyard {escape(report.drillyard)}: its signed data are true, "
            "its looks could not be compared.[/]"
        )
    out.print("  [dim]What that proves, and what not: docs/judging.md, “What a signature proves”.[/]")
