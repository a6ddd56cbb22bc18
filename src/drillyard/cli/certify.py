"""`drill certify`: prove a scenario."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from drillyard.author.certify import Certificate, Settings, certify
from drillyard.author.output import as_junit, table
from drillyard.author.results import Results
from drillyard.author.rows import Case, Kind, Played, Proof, cases
from drillyard.base.errors import ExitCode
from drillyard.cli.completing_scenarios import complete_scenarios
from drillyard.cli.ending import end_in_order
from drillyard.cli.scenarios import directory_of
from drillyard.cli.screen import counted, err, out, span
from drillyard.scenario.scenario import Scenario, find_scenarios


class How(StrEnum):
    """How a played drill is judged."""

    SUBMIT = "submit"
    CHECK = "check"


def command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Names or directories; all by default.", autocompletion=complete_scenarios),
    ] = None,
    *,
    variants: Annotated[
        int | None, typer.Option(min=1, max=99, help="Variants 1 to N are played; by default 1.")
    ] = None,
    variant: Annotated[list[str] | None, typer.Option(help="Only these variants instead.")] = None,
    repeat: Annotated[int, typer.Option(min=1, max=99, help="How often each.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Drills at a time; more disturb each other.")] = 1,
    kind: Annotated[list[Kind] | None, typer.Option(help="Only these kinds of rows.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only these solutions, cheats or flaws.")] = None,
    how: Annotated[How, typer.Option(help="Judge by `submit`, or quicker by `check`.")] = How.SUBMIT,
    data_scale: Annotated[float | None, typer.Option(min=0.001, max=4, help="Size of the data.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything as JSON.")] = None,
    resume: Annotated[
        bool, typer.Option(help="Play only what the file of --json does not have as proven by this code.")
    ] = False,
    junit_file: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML.")] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Directory for the workspace, records and logs of rows not proven.")
    ] = None,
) -> None:
    """Prove scenarios: untouched and reset fail, solutions pass and harm nothing, cheats fail, flaws move."""
    if resume and json_file is None:
        raise typer.BadParameter("it goes on with the file of --json", param_hint="--resume")
    if variants and variant:
        raise typer.BadParameter("either the first so many, or those named", param_hint="--variant")
    found = [Scenario.load(directory_of(each)) for each in scenarios] if scenarios else find_scenarios()
    settings = Settings(how, jobs, data_scale, keep)
    results = Results(settings, json_file, resume=resume)
    numbers = list(dict.fromkeys(variant or [])) or [str(number) for number in range(1, (variants or 1) + 1)]
    to_play = {
        each.slug: cases(each, variants=numbers, repeat=repeat, kinds=kind or list(Kind), only=only or [])
        for each in found
    }
    if not any(to_play.values()):
        raise typer.BadParameter("nothing is left to play", param_hint="--kind, --only")
    known = {each.slug: results.proven(each) for each in found}
    left = sum(case.key not in known[slug] for slug, chosen in to_play.items() for case in chosen)
    err.print(f"{counted(left, 'drill')} to play, {jobs} at a time. Nothing of yours is touched.")
    end_in_order()
    certificates = [
        _one(each, to_play[each.slug], settings, results, known[each.slug])
        for each in found
        if to_play[each.slug]
    ]
    if junit_file:
        junit_file.write_text(as_junit(certificates))
    raise SystemExit(max((each.exit_code for each in certificates), key=_BADNESS.index))


_BADNESS = (ExitCode.OK, ExitCode.INCONCLUSIVE, ExitCode.FAILED)


def _one(
    scenario: Scenario, chosen: list[Case], settings: Settings, results: Results, known: dict[str, Played]
) -> Certificate:
    def keep(played: Played) -> None:
        _say(played)
        results.keep(scenario, played)

    certificate = certify(scenario, chosen, settings, keep, known)
    out.print(table(certificate))
    for row, outcomes in certificate.flips.items():
        out.print(f"[yellow]Repeats disagreed: {row}: {', '.join(outcomes)}[/]")
    proven = sum(each.proof is Proof.PROVEN for each in certificate.played)
    rate, low, high = certificate.flip_rate
    out.print(
        f"{scenario.slug}: {proven} of {len(certificate.played)} as they must be,"
        f" in {span(certificate.seconds)} of playing."
    )
    flipped = f"{len(certificate.flips)} of {len(certificate.repeated)} repeated rows flipped"
    out.print(f"{flipped}: {rate:.1%} ({low:.1%} .. {high:.1%}).")
    return certificate


def _say(played: Played) -> None:
    case = played.case
    err.print(
        f"{played.proof:12} {case.row}, variant {case.variant}, {case.repeat}: {played.why} "
        f"({played.seconds:.0f} s)",
        markup=False,
        highlight=False,
    )
