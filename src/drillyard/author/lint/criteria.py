"""Success criteria are decided by something that is judged; those that are not are noted."""

from collections.abc import Iterator

from drillyard.assess.criteria import ANALYSIS, DOCUMENT
from drillyard.author.lint.finding import Finding, Linted
from drillyard.author.planning import MISSING


def _rule(linted: Linted) -> Iterator[Finding]:
    manifest = linted.scenario.manifest
    known = {*linted.verdicts, *(f"{DOCUMENT}{document.file}" for document in manifest.documents)}
    if manifest.analysis:
        known.add(ANALYSIS)
    for name in (each for each in manifest.analysed_by if each not in known):
        yield linted.wrong(
            linted.manifest, linted.line_of(linted.manifest, name),
            f"`analysed_by` names `{name}`, which there is not", f"There are: {', '.join(sorted(known))}.",
        )  # fmt: skip
    for criterion in manifest.success_criteria:
        line = linted.line_of(linted.manifest, criterion.text)
        for name in criterion.checks:
            if name not in known:
                yield linted.wrong(
                    linted.manifest, line, f"a success criterion is decided by `{name}`, which there is not",
                    f"There are: {', '.join(sorted(known))}.",
                )  # fmt: skip
        if not criterion.checks and criterion.text != MISSING:
            yield linted.note(
                linted.manifest, line, "a success criterion names no `checks`: the learner judges it"
            )


RULE = _rule
