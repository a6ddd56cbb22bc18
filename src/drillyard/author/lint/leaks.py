"""No answer on a page: what a learner reads before the debrief names no flaw and no line of the solution."""

import re
from collections.abc import Iterator

from drillyard.author.lint.finding import Finding, Linted, squeezed
from drillyard.scenario.changes import SetConf, SetToml

LEAST_LETTERS = 12
"""Shorter texts stand on pages by chance."""


def _rule(linted: Linted) -> Iterator[Finding]:
    answers = dict(_answers(linted))
    for path in linted.pages:
        for number, line in linted.lines(path):
            for answer, what in answers.items():
                if answer in squeezed(line):
                    yield linted.wrong(
                        path, number, f"this gives {what} away", "Say where to look, not what to do."
                    )
    checks_file = linted.scenario.checks_file
    for number, line in linted.lines(checks_file) if checks_file.is_file() else ():
        if "look_next" in line or "what=" in line:
            for answer, what in answers.items():
                if answer in squeezed(line):
                    yield linted.wrong(
                        checks_file,
                        number,
                        f"this evidence gives {what} away",
                        "Evidence says where to look next.",
                    )


def _answers(linted: Linted) -> Iterator[tuple[str, str]]:
    """What may stand on no page, with what it is."""
    scenario = linted.scenario
    for flaw in scenario.flaws:
        if len(flaw.title) >= LEAST_LETTERS:
            yield squeezed(flaw.title), f"the flaw `{flaw.id}`"
    if not scenario.manifest.par:
        return
    changes = scenario.par()
    for statement in changes.sql:
        if len(statement.sql) >= LEAST_LETTERS:
            yield squeezed(statement.sql), "a statement of the solution"
    for edit in changes.edits:
        if isinstance(edit, SetToml | SetConf) and not isinstance(edit.value, list | dict):
            setting = f"{edit.key.rpartition('.')[2]} = {_written(edit.value)}"
            if len(setting) >= LEAST_LETTERS and re.search(r"\d", setting):
                yield squeezed(setting), "a setting of the solution"


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


RULE = _rule
