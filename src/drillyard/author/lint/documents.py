"""Documents that a learner writes have a template in the workspace with the headings that are looked for."""

from collections.abc import Iterator

from drillyard.assess.prose import sections_of
from drillyard.author.lint.finding import Finding, Linted


def _rule(linted: Linted) -> Iterator[Finding]:
    overlay = linted.scenario.directory / "workspace"
    for document in linted.scenario.manifest.documents:
        file = overlay / document.file
        line = linted.line_of(linted.manifest, document.file)
        if not file.is_file():
            yield linted.note(
                linted.manifest, line, f"{document.file} has no template under workspace/",
                "One with the headings saves learners from guessing them.",
            )  # fmt: skip
            continue
        there = {section.title.lower() for section in sections_of(linted.text(file))}
        for title in document.sections:
            if title.lower() not in there:
                yield linted.wrong(
                    file, 0, f"there is no heading “{title}”", "The manifest asks for that section."
                )


RULE = _rule
