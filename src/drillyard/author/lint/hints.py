"""Every task that is judged has hints in three tiers; no hint is for a task that there is not."""

from collections.abc import Iterator

from drillyard.author.lint.finding import Finding, Linted


def _rule(linted: Linted) -> Iterator[Finding]:
    scenario, file = linted.scenario, linted.scenario.directory / "hints.yaml"
    tasks = {task.id: task for task in scenario.manifest.tasks}
    for name in scenario.hints.root:
        if name not in tasks:
            yield linted.wrong(
                file, linted.line_of(file, f"{name}:"), f"hints for a task `{name}`, which there is not",
                f"Tasks are: {', '.join(tasks)}.",
            )  # fmt: skip
    for name, task in tasks.items():
        if not scenario.hints.of(name) and task.checks:
            yield linted.wrong(
                file,
                0,
                f"no hints for the task `{name}`",
                "Three tiers: where to look, what it means, what to do.",
            )


RULE = _rule
