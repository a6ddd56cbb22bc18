"""Solutions and cheats: there are enough, and each cheat expects verdicts that exist."""

from collections.abc import Iterator

from drillyard.author.lint.finding import Finding, Linted

SOLUTIONS = 2
"""One way proves that it can be done; the second, that checks do not just recognise the first."""


def _rule(linted: Linted) -> Iterator[Finding]:
    scenario = linted.scenario
    solutions, cheats = scenario.solutions(), scenario.cheats()
    scenario.par() if scenario.manifest.par else None
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
        for name in cheat.expectation().fails:
            if name not in linted.verdicts:
                yield linted.wrong(
                    file, linted.line_of(file, name), f"`{name}` is no check and no invariant",
                    f"There are: {', '.join(sorted(linted.verdicts))}.",
                )  # fmt: skip


RULE = _rule
