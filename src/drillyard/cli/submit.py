"""`drill submit`: everything measured anew, and judged."""

from pydantic import JsonValue

from drillyard.base.errors import ExitCode
from drillyard.cli.following import follow, ready
from drillyard.cli.options import DrillName, Json
from drillyard.cli.reports import draw_report
from drillyard.cli.screen import show_json
from drillyard.cli.verdicts import exit_code
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import OperationsView, ReportView
from drillyard.drill.wire import Submit


def command(drill: DrillName = None, as_json: Json = False) -> None:
    """Have everything measured anew and judged (at most 6 minutes).

    Ctrl-C only stops watching: `drill submit` again watches on. One that was cut short is taken up again.
    """
    with Client(choose(drill), "submit") as client:
        ready(client)
        operations = client.get("/operations", OperationsView).operations
        running = [each for each in operations if each.state == "running" and each.request.kind == "submit"]
        result = follow(client, running[-1] if running else client.begin(Submit()))
    raise SystemExit(show(result, as_json=as_json))


def show(result: JsonValue, *, as_json: bool) -> ExitCode:
    """The report on one screen."""
    report = ReportView.model_validate(result)
    if as_json:
        show_json(report)
    else:
        draw_report(report)
    return exit_code(report.outcome)
