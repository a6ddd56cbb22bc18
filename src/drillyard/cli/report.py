"""`drill report`: what the latest submission came to."""

from pathlib import Path
from typing import Annotated

import typer

from drillyard.assess.report import from_json
from drillyard.assess.report_html import render
from drillyard.base.errors import UserError
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json, show_markdown
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import ReportView


def command(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it to a file: .md, .html or .json.")
    ] = None,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """The report of your latest submission."""
    with Client(choose(drill), "report") as client:
        report = client.get("/report", ReportView)
    if output is not None:
        try:
            output.write_text(_as(output.suffix, report))
        except OSError as error:
            raise UserError(f"The report cannot be written: {error.strerror}", where=str(output)) from error
        out.print(f"Written to {output}", soft_wrap=True)
    elif as_json:
        show_json(report)
    else:
        show_markdown(report.markdown)


def _as(suffix: str, report: ReportView) -> str:
    match suffix:
        case ".html":
            return render(from_json(report.data))
        case ".json":
            return report.data
        case _:
            return report.markdown
