"""Solutions and cheats: there are enough, and each cheat expects verdicts that exist."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from drillyard.author.lint.finding import Finding, Linted
from drillyard.author.lint.flaws import fits

SOLUTIONS = 2
"""One way proves that it can be done; the second, that checks do not just recognise the first."""


def _rule(linted: Linted) -> Iterator[Finding]:
    scenario = linted.scenario
    solutions, cheats = scenario.solutions(), scenario.cheats()
    if scenario.manifest.par:
        file = scenario.directory / "solutions" / scenario.manifest.par / "changes.yaml"
        yield from fits(linted, scenario.par(), file, 0, "the solution")
    for recipe in (*solutions, *cheats):
        yield from _runs(linted, recipe.run)
    if len(solutions) < SOLUTIONS:
        yield linted.note(
            scenario.directory / "solutions", 0, f"{len(solutions)} ways to pass",
            "Two different ones show that checks judge what was reached, not how.",
        )  # fmt: skip
    if not cheats:
        yield linted.note(
            scenario.directory / "cheats",
            0,
            "no cheat",
            "How would a lazy learner pass? Prove that it fails.",
        )
    for cheat in cheats:
        file = cheat.directory / "expect.yaml"
        for name in cheat.expectation().named:
            if name not in linted.verdicts:
                yield linted.wrong(
                    file, linted.line_of(file, name), f"`{name}` is no check and no invariant",
                    f"There are: {', '.join(sorted(linted.verdicts))}.",
                )  # fmt: skip


def _runs(linted: Linted, run: Path) -> Iterator[Finding]:
    """Whether an executable can be executed: its interpreter is there, and a shell understands it."""
    first = run.read_bytes()[:200].split(b"\n", 1)[0]
    if not first.startswith(b"#!"):
        return
    if first.endswith(b"\r"):
        yield linted.wrong(run, 1, "lines end as on Windows", "Save it with plain line ends.")
        return
    interpreter = first[2:].decode(errors="replace").split()
    if not interpreter or not Path(interpreter[0]).is_file():
        yield linted.wrong(run, 1, f"there is no {' '.join(interpreter) or 'interpreter'}", "Use #!/bin/sh.")
    elif Path(interpreter[0]).name in ("sh", "bash", "dash"):
        done = subprocess.run(
            [interpreter[0], "-n", str(run)], capture_output=True, text=True, timeout=10, check=False
        )
        if done.returncode:
            yield linted.wrong(run, 0, done.stderr.strip().replace(f"{run}: ", ""), "Mend it.")


RULE = _rule
