"""Flaws agree with each other and with the manifest, and every variant can be planted."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from drillyard.author.lint.finding import Finding, Linted
from drillyard.range.addresses import STANDARD_PORTS, Addresses
from drillyard.range.credentials import Credentials
from drillyard.range.workspace import write_files
from drillyard.scenario.changes import Changes
from drillyard.scenario.edits import apply_edits
from drillyard.scenario.errors import ScenarioError
from drillyard.scenario.flaw import Flaw
from drillyard.scenario.plant import Plant

_NOWHERE = Addresses("127.0.0.1", STANDARD_PORTS)
VARIANTS = 20
"""So many variants are drawn and planned."""


def _rule(linted: Linted) -> Iterator[Finding]:
    scenario, file = linted.scenario, linted.scenario.directory / "flaws.py"
    for flaw in scenario.flaws:
        line = linted.line_of(file, f'"{flaw.id}"')
        yield from _flaw(linted, flaw, file, line)
        yield from _plants(linted, flaw, file, line)
    if scenario.flaws:
        yield from _variants(linted)
    else:
        yield linted.note(file, 0, "no flaw is planted: the system is as shipped", "See docs/scenarios.md.")


def _flaw(linted: Linted, flaw: Flaw, file: Path, line: int) -> Iterator[Finding]:
    """Whether it agrees with itself, with the others, and with what is measured."""
    known = [each.id for each in linted.scenario.flaws]
    families = linted.scenario.manifest.variants.per_family
    if families and flaw.family not in families:
        why = f"flaw `{flaw.id}` is of a family `{flaw.family}`, which `per_family` does not name"
        yield linted.wrong(file, line, why, f"Families are: {', '.join(families)}.")
    if flaw.direction not in ("up", "down") or flaw.by <= 1:
        why = f"flaw `{flaw.id}` moves its reading `{flaw.direction}` by {flaw.by:g}"
        yield linted.wrong(file, line, why, "It is `up` or `down`, by a factor above 1.")
    if known.count(flaw.id) > 1:
        yield linted.wrong(file, line, f"two flaws are called `{flaw.id}`", "Rename one of them.")
    for other in flaw.excludes:
        if other not in known:
            why = f"flaw `{flaw.id}` excludes `{other}`, which there is not"
            yield linted.wrong(file, line, why, "Mend `excludes`.")
    if not any(each.matches(flaw.moves) for each in linted.readings):
        why = f"flaw `{flaw.id}` moves `{flaw.moves}`, which nothing measures"
        yield linted.wrong(file, line, why, "docs/readings.md lists what is measured.")


def _variants(linted: Linted) -> Iterator[Finding]:
    """Whether the manifest's rules can be kept by the flaws that there are."""
    scenario, rules = linted.scenario, linted.scenario.manifest.variants
    known = {flaw.id for flaw in scenario.flaws}
    for name in rules.always:
        if name not in known:
            line = linted.line_of(linted.manifest, name)
            yield linted.wrong(linted.manifest, line, f"`always` names `{name}`, no flaw", "Mend it.")
    for family, least in rules.per_family.items():
        there = sum(flaw.family == family for flaw in scenario.flaws)
        if there < least:
            line = linted.line_of(linted.manifest, "per_family")
            why = f"`per_family` asks for {least} of {family}, and there are {there}"
            yield linted.wrong(linted.manifest, line, why, "Write more, or ask for fewer.")
    for number in range(1, VARIANTS + 1):
        found = len(scenario.variant(number).flaws)
        if found < rules.minimum:
            line = linted.line_of(linted.manifest, "minimum")
            why = f"variant {number} has {found} flaws, `minimum` asks for {rules.minimum}"
            next_step = "Write more flaws, fewer `excludes`, or a smaller `minimum`."
            yield linted.wrong(linted.manifest, line, why, next_step)
            return


def _plants(linted: Linted, flaw: Flaw, file: Path, line: int) -> Iterator[Finding]:
    """Whether its edits fit the workspace that they are made in."""
    plant = Plant(random.Random(0))
    flaw.plant(plant)
    yield from fits(linted, plant.changes, file, line, f"flaw `{flaw.id}`")


def fits(linted: Linted, changes: Changes, file: Path, line: int, who: str) -> Iterator[Finding]:
    """Whether edits can be made in the workspace that a drill begins with."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch)
        overlay = linted.scenario.workspace
        write_files(workspace, _NOWHERE, Credentials.generate(), (overlay,) if overlay else ())
        try:
            apply_edits(changes, workspace)
        except ScenarioError as error:
            for problem in error.problems:
                where = problem.file.removeprefix(f"{workspace.resolve()}/")
                yield linted.wrong(file, line, f"{who} edits {where}: {problem.message}", "Mend the edit.")


RULE = _rule
