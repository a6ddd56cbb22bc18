"""What lint says of a scenario in which one thing was broken."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drillyard.author.lint import lint, rules
from drillyard.author.scaffolding import new_scenario
from drillyard.cli.commands import BY_NAME
from drillyard.scenario.scenario import find_scenarios

Break = Callable[[Path], object]


def edit(file: str, old: str, new: str) -> Break:
    def make(directory: Path) -> None:
        path = directory / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return make


def add(file: str, text: str) -> Break:
    def make(directory: Path) -> None:
        path = directory / file
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text() if path.is_file() else "") + text)

    return make


def faults(directory: Path) -> list[str]:
    found = lint(directory, frozenset(BY_NAME))
    return [f"{Path(f.problem.file).name}:{f.problem.line}: {f.problem.message}" for f in found if not f.note]


BROKEN: dict[str, tuple[Break, str]] = {
    "a check that there is not": (
        edit("scenario.yaml", "[reviews-by-index]", "[reviews-by-index, other]"),
        "scenario.yaml:9: task `repair`: there is no check `other`",
    ),
    "a check of no task": (
        edit("scenario.yaml", "cause\n    checks: [reviews-by-index]", "cause\n    self_assessed: why not"),
        "checks.py:9: check `reviews-by-index` decides no task",
    ),
    "a check of a task that there is not": (
        edit("checks.py", 'task="repair"', 'task="other"'),
        "checks.py:9: check `reviews-by-index` is of a task `other`, which there is not",
    ),
    "par that nobody named": (
        lambda d: (
            edit("checks.py", '"twin")', '"par")')(d),
            edit("scenario.yaml", "par: add-index\n", "")(d),
        ),
        "checks.py:9: check `reviews-by-index` compares with par, and the manifest names none",
    ),
    "hints for another task": (
        edit("hints.yaml", "repair:", "other:"), "hints.yaml:1: hints for a task `other`, which there is not",
    ),
    "two tiers": (
        edit("hints.yaml", "tier: 3", "tier: 2"),
        "hints.yaml:1: the file: task `repair` needs hints of tiers 1, 2 and 3, in that order",
    ),
    "a link that leads nowhere": (
        add("brief.md", "\nSee [there](missing.md).\n"), "brief.md:8: the link missing.md names no file",
    ),
    "a link without a host": (
        add("brief.md", "\nSee [there](https:///x).\n"), "brief.md:8: the link https:///x names no host",
    ),
    "a command that there is not": (
        add("tasks/1-repair.md", "\n    drill fixit now\n"),
        "1-repair.md:18: there is no command `drill fixit`",
    ),
    "a stray file": (add("notes.txt", "x"), "notes.txt:0: nothing uses this"),
    "a page of no task": (add("tasks/2-more.md", "x"), "2-more.md:0: no task has this page"),
    "a flaw told on a page": (
        add("tasks/1-repair.md", "\nNo index on the  product of a review!\n"),
        "1-repair.md:18: this gives the flaw `index-reviews` away",
    ),
    "a statement of the solution on a page": (
        add("brief.md", "\nCREATE INDEX IF NOT EXISTS reviews_product ON reviews (product_id, id DESC)\n"),
        "brief.md:8: this gives a statement of the solution away",
    ),
    "evidence that tells the flaw": (
        edit("checks.py", "blocks per call; then", "No index on the product of a review; then"),
        "checks.py:23: this evidence gives the flaw `index-reviews` away",
    ),
    "a flaw that moves nothing": (
        edit("flaws.py", "db.query.buffers.", "db.queries.buffers."),
        "flaws.py:7: flaw `index-reviews` moves `db.queries.buffers.newest_reviews_of_product`,"
        " which nothing measures",
    ),
    "a flaw that excludes nobody": (
        edit("flaws.py", "by=5,", 'by=5, excludes=("other",),'),
        "flaws.py:7: flaw `index-reviews` excludes `other`, which there is not",
    ),
    "more flaws than there are": (
        edit("scenario.yaml", "minimum: 1\n  maximum: 1", "minimum: 2\n  maximum: 2"),
        "scenario.yaml:26: variant 1 has 1 flaws, `minimum` asks for 2",
    ),
    "a cheat that must fail by nothing": (
        edit("cheats/no-reviews/expect.yaml", "pages-true", "pages-false"),
        "expect.yaml:1: `pages-false` is no check and no invariant",
    ),
    "a document without its heading": (
        lambda d: (
            add("scenario.yaml", "documents:\n  - {file: r.md, sections: [Before]}\n")(d),
            add("workspace/r.md", "# After\n")(d),
        ),
        "r.md:0: there is no heading “Before”",
    ),
    "a name that nothing defines": (
        edit("checks.py", "return ratio_at_most(", "return ratio_at_moost("),
        "checks.py:19: there is no name `ratio_at_moost` here",
    ),
    "a reading that nothing measures": (
        edit("checks.py", '"db.query.buffers.newest', '"db.querys.buffers.newest'),
        "checks.py:20: nothing measures `db.querys.buffers.newest_reviews_of_product`",
    ),
    "a subject that is not needed": (
        edit("checks.py", 'needs=("learner", "twin")', 'needs=("learner",)'),
        "checks.py:20: `reviews_by_index` looks at twin, which is not among its `needs`",
    ),
    "a flaw that raises": (
        edit("flaws.py", "plant.sql(", "plant.squl("),
        "flaws.py:16: AttributeError: 'Plant' object has no attribute 'squl'",
    ),
    "a flaw of no family": (
        edit("flaws.py", 'family="database"', 'family="databse"'), "flaws.py:7: flaw `index-reviews` is of a family `databse`, which `per_family` does not name",
    ),
    "a flaw that moves nothing far": (
        edit("flaws.py", "by=5", "by=0.5"), "flaws.py:7: flaw `index-reviews` moves its reading `up` by 0.5",
    ),
    "a flaw that edits what there is not": (
        edit("flaws.py", 'plant.sql("DROP', 'plant.set_conf("postgres/postgres.conf", "a", "1")\n    plant.sql("DROP'),
        "flaws.py:7: flaw `index-reviews` edits postgres/postgres.conf: the file to edit is missing",
    ),
    "a family without a flaw": (
        edit("scenario.yaml", "database: 1", "database: 2"),
        "scenario.yaml:28: `per_family` asks for 2 of database, and there are 1",
    ),
    "a task that there is not": (
        add("brief.md", "\nThen `drill check 9`.\n"), "brief.md:8: there is no task 9",
    ),
    "a script from Windows": (
        lambda d: (d / "solutions/add-index/run").write_bytes(b"#!/bin/sh\r\nexit 0\r\n"),
        "run:1: lines end as on Windows",
    ),
    "a script of no interpreter": (
        edit("solutions/add-index/run", "#!/bin/sh", "#!/bin/shh"), "run:1: there is no /bin/shh",
    ),
    "a page that is not UTF-8": (
        lambda d: (d / "brief.md").write_bytes(b"line\ncaf\xe9\n"), "brief.md:2: not UTF-8 at byte 8",
    ),
    "checks that exit": (add("checks.py", "\nraise SystemExit(3)\n"), "checks.py:26: SystemExit: 3"),
    "no manifest to speak of": (
        lambda d: (d / "scenario.yaml").write_text("[1]"),
        "scenario.yaml:1: the file: it has to be a mapping, lines of `name: value`",
    ),
    "checks that do not load": (
        add("checks.py", "\n1 / 0\n"),
        "checks.py:26: the scenario's checks do not load: ZeroDivisionError: division by zero",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("breaks", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_said_with_its_line(tmp_path: Path, breaks: Break, said: str) -> None:
    directory = new_scenario("broken", tmp_path)
    breaks(directory)
    assert said in faults(directory)


def test_a_task_without_hints_is_a_fault(tmp_path: Path) -> None:
    directory = new_scenario("broken", tmp_path)
    (directory / "hints.yaml").write_text("{}\n")
    assert faults(directory) == ["hints.yaml:0: no hints for the task `repair`"]


def test_a_missing_debrief_is_a_fault(tmp_path: Path) -> None:
    directory = new_scenario("broken", tmp_path)
    (directory / "debrief.md").unlink()
    assert faults(directory) == ["debrief.md:0: the file is missing"]


def test_a_link_out_of_the_directory_is_a_fault(tmp_path: Path) -> None:
    directory = new_scenario("broken", tmp_path)
    (directory / "workspace").mkdir()
    (directory / "workspace/x").symlink_to("/etc/passwd")
    assert faults(directory) == ["x:0: a symbolic link"]


def test_shipped_scenarios_have_no_faults() -> None:
    assert [
        f.problem for s in find_scenarios() for f in lint(s.directory, frozenset(BY_NAME)) if not f.note
    ] == []


def test_rules_are_found_by_folder() -> None:
    assert {"tasks", "hints", "pages", "files", "leaks", "flaws", "recipes", "documents"} <= rules().keys()
