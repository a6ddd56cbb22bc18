"""`drill report`: what a submission came to."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.markup import escape

from drillyard.assess.report.file import page, verify
from drillyard.assess.report.text import scored
from drillyard.base.errors import ExitCode, UserError
from drillyard.base.signing import MachineKey
from drillyard.cli.options import DrillName, Json
from drillyard.cli.reports import draw_report, signed
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
        _verify(check, as_json=as_json)
        return
    with Client(choose(drill), "report") as client:
        if debrief:
            _debrief(client.post("/debrief", DebriefRequest(), DebriefView), as_json=as_json)
            return
        report = client.get("/report", ReportView, attempt=attempt or 0)
    if output is not None:
        try:
            output.write_bytes(_as(output.suffix, report).encode())
        except OSError as error:
            raise UserError(f"The report cannot be written: {error.strerror}", where=str(output)) from error
        out.print(f"Written to {output}", soft_wrap=True)
    elif as_json:
        show_json(report)
    elif full or not signed(report):
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


class _Signed(BaseModel):
    """What `drill report --verify` found: whose key, and the words of the report itself."""

    key: str
    this_machine: bool
    page_compared: bool
    title: str
    variant: str
    attempt: int
    outcome: str
    scored: str


def _verify(file: Path, *, as_json: bool) -> None:
    """Say whose key signed the report in `file`, and what the report says.

    Raises:
        ForgedError: it was altered.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The report cannot be read: {error}", where=str(file)) from error
    try:
        found = verify(text)
    except UserError as error:
        error.where = error.where or str(file)
        raise
    report, ours = found.report, MachineKey.if_there()
    signed = _Signed(
        key=found.key,
        this_machine=ours is not None and ours.thumbprint == found.key,
        page_compared=found.page,
        title=report.title,
        variant=report.variant,
        attempt=report.story.attempt,
        outcome=report.status.value,
        scored=scored(report),
    )
    show_json(signed) if as_json else _draw_signed(signed, file, report.drillyard)
    if not found.page:
        raise SystemExit(ExitCode.INCONCLUSIVE)


def _draw_signed(signed: _Signed, file: Path, version: str) -> None:
    if signed.page_compared:
        out.print(f"[green]✔[/] {escape(str(file))} is as it was signed.", soft_wrap=True)
    else:
        out.print(
            f"[yellow]?[/] The data in {escape(str(file))} are as they were signed. Its looks could not be "
            f"compared: Drillyard {escape(version)} made them. Do not read the page; what was signed says:",
            soft_wrap=True,
        )
    out.print(
        f"  {escape(signed.title)}, variant {escape(signed.variant)}, attempt {signed.attempt}: "
        f"[bold]{signed.outcome}[/], {escape(signed.scored)}"
    )
    whose = "this machine's" if signed.this_machine else "not this machine's"
    out.print(f"  key {signed.key} ({whose})", soft_wrap=True)
    out.print("  [dim]What that proves, and what not: docs/judging.md, “What a signature proves”.[/]")
