"""`drill certify`: prove a scenario."""

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from drillyard.author.certify import Settings, certify
from drillyard.author.output import as_junit, table
from drillyard.author.results import Results
from drillyard.author.rows import Kind, Played, cases
from drillyard.cli.completing_scenarios import complete_scenarios
from drillyard.cli.screen import err, out
from drillyard.scenario.scenario import find_scenario


def command(
    scenario: Annotated[str, typer.Argument(help="See `drill list`.", autocompletion=complete_scenarios)],
    *,
    variants: Annotated[int, typer.Option(min=1, max=99, help="Variants 1 to N are played.")] = 1,
    repeat: Annotated[int, typer.Option(min=1, max=99, help="How often each.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Drills at a time; more disturb each other.")] = 1,
    kind: Annotated[list[Kind] | None, typer.Option(help="Only these kinds of rows.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only these solutions, cheats or flaws.")] = None,
    how: Annotated[str, typer.Option(help="Judge by `submit`, or quicker by `check`.")] = "submit",
    data_scale: Annotated[float | None, typer.Option(min=0.001, max=4, help="Size of the data.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything as JSON.")] = None,
    resume: Annotated[
        bool, typer.Option(help="Play only what the file of --json does not have as proven by this code.")
    ] = False,
    junit_file: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML.")] = None,
) -> None:
    """Prove a scenario: untouched fails, solutions pass, cheats fail, each flaw moves its reading."""
    found = find_scenario(scenario)
    chosen = cases(
        found,
        variants=[str(number) for number in range(1, variants + 1)],
        repeat=repeat,
        kinds=kind or list(Kind),
        only=only or [],
    )
    if not chosen:
        raise typer.BadParameter("nothing is left to play", param_hint="--kind, --only")
    settings = Settings(how, jobs, data_scale)
    if resume and json_file is None:
        raise typer.BadParameter("it goes on with the file of --json", param_hint="--resume")
    results = Results(found, settings, json_file, resume=resume)
    known = results.proven()
    left = sum(case.key not in known for case in chosen)
    err.print(f"{left} drills to play, {jobs} at a time. Nothing of yours is touched.")
    signal.signal(signal.SIGTERM, _end)

    def keep(played: Played) -> None:
        _say(played)
        results.keep(played)

    certificate = certify(found, chosen, settings, keep, known)
    out.print(table(certificate))
    for row, outcomes in certificate.flips.items():
        out.print(f"[yellow]Repeats disagreed: {row}: {', '.join(outcomes)}[/]")
    proven = sum(each.proof == "proven" for each in certificate.played)
    out.print(f"{proven} of {len(certificate.played)} as they must be, {len(certificate.flips)} flips.")
    if junit_file:
        junit_file.write_text(as_junit(certificate))
    raise SystemExit(certificate.exit_code)


def _end(_signum: int, _frame: FrameType | None) -> None:
    """A signal ends it as Ctrl-C does: drills are ended first."""
    raise KeyboardInterrupt


def _say(played: Played) -> None:
    case = played.case
    err.print(
        f"{played.proof:12} {case.row}, variant {case.variant}, {case.repeat}: {played.why} "
        f"({played.seconds:.0f} s)",
        markup=False,
        highlight=False,
    )
