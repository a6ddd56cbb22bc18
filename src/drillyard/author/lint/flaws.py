"""Flaws agree with each other and with the manifest, and every variant can be planted."""

from collections.abc import Iterator

from drillyard.author.lint.finding import Finding, Linted
from drillyard.measure.sources import source_types

VARIANTS = 20
"""So many variants are drawn and planned."""


def _rule(linted: Linted) -> Iterator[Finding]:
    scenario, file = linted.scenario, linted.scenario.directory / "flaws.py"
    known = [flaw.id for flaw in scenario.flaws]
    described = [each for source in source_types() for each in source.describes]
    for flaw in scenario.flaws:
        line = linted.line_of(file, f'"{flaw.id}"')
        if known.count(flaw.id) > 1:
            yield linted.wrong(file, line, f"two flaws are called `{flaw.id}`", "Rename one of them.")
        for other in flaw.excludes:
            if other not in known:
                yield linted.wrong(
                    file, line, f"flaw `{flaw.id}` excludes `{other}`, which there is not", "Mend `excludes`."
                )
        names = (flaw.moves, flaw.moves.removesuffix("_per_request"))
        if not flaw.moves.startswith(("latency.", "requests.")) and not any(
            each.matches(name) for each in described for name in names
        ):
            yield linted.wrong(
                file, line, f"flaw `{flaw.id}` moves `{flaw.moves}`, which nothing measures",
                "docs/readings.md lists what is measured.",
            )  # fmt: skip
    rules = scenario.manifest.variants
    for name in rules.always:
        if name not in known:
            line = linted.line_of(linted.manifest, name)
            yield linted.wrong(
                linted.manifest, line, f"`always` names `{name}`, which is no flaw", "Mend it."
            )
    if not known:
        yield linted.note(file, 0, "no flaw is planted: the system is as shipped", "See docs/scenarios.md.")
        return
    for number in range(1, VARIANTS + 1):
        variant = scenario.variant(number)
        variant.plan()
        if len(variant.flaws) < rules.minimum:
            line = linted.line_of(linted.manifest, "minimum")
            yield linted.wrong(
                linted.manifest, line,
                f"variant {number} has {len(variant.flaws)} flaws, `minimum` asks for {rules.minimum}",
                "Write more flaws, fewer `excludes`, or a smaller `minimum`.",
            )  # fmt: skip
            return


RULE = _rule
