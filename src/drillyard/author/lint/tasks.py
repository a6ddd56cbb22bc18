"""Every task is decided by checks that exist, and every check decides a task."""

from collections.abc import Iterator

from drillyard.assess.check import Need
from drillyard.author.lint.finding import Finding, Linted
from drillyard.author.planning import MISSING


def _rule(linted: Linted) -> Iterator[Finding]:
    manifest, file = linted.scenario.manifest, linted.manifest
    known = {check.id: check for check in linted.checks}
    tasks = {task.id for task in manifest.tasks}
    used = {name for task in manifest.tasks for name in task.checks}
    for task in manifest.tasks:
        line = linted.line_of(file, f"id: {task.id}")
        for name in task.checks:
            if name not in known:
                yield linted.wrong(
                    file, line, f"task `{task.id}`: there is no check `{name}`", "Write it in checks.py."
                )
        if MISSING in (*task.steps, task.title):
            yield linted.note(file, line, f"task `{task.id}` has a step to be written")
        if not task.checks:
            yield linted.note(file, line, f"task `{task.id}` is self-assessed: {task.self_assessed}")
    criteria = [each.text for each in manifest.success_criteria]
    for name, said in (("objective", [manifest.objective]), ("success_criteria", criteria)):
        if MISSING in said:
            yield linted.note(file, linted.line_of(file, name), f"`{name}` is to be written")
    checks_file = linted.scenario.checks_file
    for check in known.values():
        line = linted.line_of(checks_file, f'"{check.id}"') if checks_file.is_file() else 0
        if check.id not in used:
            yield linted.wrong(
                checks_file, line, f"check `{check.id}` decides no task", "Name it in a task's `checks`."
            )
        if check.task not in tasks:
            yield linted.wrong(
                checks_file, line, f"check `{check.id}` is of a task `{check.task}`, which there is not",
                f"Tasks are: {', '.join(sorted(tasks))}.",
            )  # fmt: skip
        if Need.PAR in check.needs and not manifest.par:
            yield linted.wrong(
                checks_file, line, f"check `{check.id}` compares with par, and the manifest names none",
                "Name a solution in `par`.",
            )  # fmt: skip


RULE = _rule
