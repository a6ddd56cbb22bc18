"""Documents as people write them, and what is read from them."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.author.markdown.reading import read_document
from drillyard.author.markdown.writing import write_document
from drillyard.author.outline import Outline, OutlineResource, OutlineTask
from drillyard.author.planning import outline_of, slug_of, write_scenarios
from drillyard.base.errors import UserError
from drillyard.scenario.scenario import Scenario, find_scenarios

TWO_TASKS = (
    OutlineTask("Analyse", ("Measure latency", "Find bottlenecks")),
    OutlineTask("Mend", ("Add an index",)),
)

HEADINGS = """\
# Training

## Scenario 1: Make it quick
### Objective
Halve the p95.
### Duration
2 h 30 min
### Prerequisites
- SQL
### Tasks
1. **Analyse**
   - Measure latency
   - Find bottlenecks
2. **Mend**
   - Add an index
### Success Criteria
- [ ] The p95 is halved
### Resources
- [Docs](https://example.org/docs)
"""
LABELS = """\
**Title:** Make it quick
**Objective:** Halve the p95.
**Duration:** 2.5 hours
**Prerequisites:**
- SQL

**Tasks:**
1. Analyse
   - Measure latency
   - Find bottlenecks
2. Mend
   - Add an index

**Success Criteria:**
- The p95 is halved

**Resources:**
- Docs: https://example.org/docs
"""
SHAPES = {
    "headings": HEADINGS,
    "labels": LABELS,
    "Windows line ends": HEADINGS.replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + HEADINGS,
    "tabs": HEADINGS.replace("   - ", "\t- "),
    "stars and pluses": HEADINGS.replace("   - ", "   * ").replace("- [ ]", "+ [x]"),
    "empty lines everywhere": HEADINGS.replace("\n", "\n\n"),
    "trailing spaces": HEADINGS.replace("\n", "  \n"),
    "rules between": HEADINGS.replace("### ", "---\n### "),
    "deeper headings": HEADINGS.replace("### ", "#### ").replace("## Scenario", "### Scenario"),
    "a dash after the number": HEADINGS.replace("Scenario 1: ", "Scenario 1 \u2013 "),
    "closed headings": HEADINGS.replace("### Tasks", "### Tasks ###").replace(
        "Make it quick", "Make it quick ##"
    ),
    "titles as headings": HEADINGS.replace("1. **Analyse**", "#### 1. Analyse").replace(
        "2. **Mend**", "#### Task 2: Mend"
    ),
    "numbers inside the bold": HEADINGS.replace("1. **Analyse**", "**1. Analyse**").replace(
        "2. **Mend**", "**Task 2: Mend**"
    ),
    "bold titles with colons": HEADINGS.replace("**Analyse**", "**Analyse:**").replace(
        "**Mend**", "**Mend**:"
    ),
    "another order": HEADINGS.replace("### Objective\nHalve the p95.\n", "")
    + "### Objective\nHalve the p95.\n",
    "colons after headings": HEADINGS.replace("### Tasks", "### Tasks:").replace(
        "### Resources", "### Resources:"
    ),
    "other names": HEADINGS.replace("### Objective", "### Goal").replace("### Resources", "### References"),
    "shouted": HEADINGS.replace("### Success Criteria", "### SUCCESS CRITERIA").replace(
        "## Scenario", "## SCENARIO"
    ),
    "the objective on its heading": HEADINGS.replace("### Objective\n", "### Objective: "),
    "a table of contents before": "- [Scenario 1](#s1)\n\n" + HEADINGS,
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_a_scenario_is_read_whole_whatever_its_shape(text: str) -> None:
    (outline,) = read_document(text).outlines
    assert outline.title == "Make it quick"
    assert outline.objective == "Halve the p95."
    assert outline.minutes == 150
    assert outline.prerequisites == ("SQL",)
    assert outline.tasks == TWO_TASKS
    assert outline.success_criteria == ("The p95 is halved",)
    assert outline.resources == (OutlineResource("Docs", "https://example.org/docs"),)


def test_six_scenarios_in_one_document_become_six_that_load(tmp_path: Path) -> None:
    text = "".join(
        HEADINGS.replace("Scenario 1: Make it quick", f"Scenario {n}: Drill {n}") for n in range(1, 7)
    )
    document = read_document(text)
    written = write_scenarios(document.outlines, tmp_path)
    assert [path.name for path in written] == [f"drill-{n}" for n in range(1, 7)]
    for scenario in find_scenarios(tmp_path):
        assert [(task.title, task.steps) for task in scenario.manifest.tasks] == [
            (task.title, task.steps) for task in TWO_TASKS
        ]
        assert all(task.self_assessed for task in scenario.manifest.tasks)
        assert "Measure latency" in scenario.page("1")


def test_what_is_in_no_field_is_listed_with_its_line_and_kept() -> None:
    text = (
        "Preface\n\n## Scenario 1: S\n### Background\nOld times.\n### Tasks\nDo them well.\n"
        "1. **One**\n   - a\n\n   Mind the gap.\n\n   ```\n   - no step\n   ```\n"
    )
    (outline,), left = read_document(text).outlines, read_document(text).left
    assert [(each.line, each.text, each.kept) for each in left if each.text != "S"] == [
        (1, "Preface", False), (4, "### Background", True), (7, "Do them well.", True),
    ]  # fmt: skip
    assert outline.background == "### Background\nOld times.\n\nDo them well."
    assert outline.tasks[0].steps == ("a",)
    assert outline.tasks[0].notes == "Mind the gap.\n\n```\n- no step\n```"


def test_every_missing_part_is_said() -> None:
    document = read_document("## Scenario 7: Nothing\n")
    assert [each.why for each in document.left] == [
        "this scenario has no duration; 2 h is written",
        "this scenario has no objective",
        "this scenario has no success criteria",
        "this scenario has no tasks",
    ]


def test_a_scenario_without_anything_still_loads(tmp_path: Path) -> None:
    (path,) = write_scenarios(read_document("## Scenario 1: Nothing\n").outlines, tmp_path)
    assert outline_of(Scenario.load(path)).objective == ""


def test_bullets_without_titles_are_tasks_of_their_own() -> None:
    (outline,) = read_document("## Scenario: S\n### Tasks\n- Look\n  - here\n- Mend\n").outlines
    assert outline.tasks == (OutlineTask("Look", ("here",)), OutlineTask("Mend"))


def test_a_step_that_goes_on_and_one_with_points_of_its_own_stay_one() -> None:
    text = (
        "## Scenario: S\n### Tasks\n1. **T**\n"
        "   - Look at\n     the cache\n     - its keys\n     - its TTL\n   - Mend it\n"
    )
    (outline,) = read_document(text).outlines
    assert outline.tasks[0].steps == ("Look at the cache: its keys; its TTL", "Mend it")


def test_sections_with_unknown_labels_are_background_and_no_entries() -> None:
    text = (
        "**Title:** S\n**Objective:** Learn.\n**Difficulty:** medium\nVery.\n**Resources:**\n- A book\n"
        "**Hints:** look twice\n**Duration:** 45m\nPlease plan a break.\n"
    )
    (outline,) = read_document(text).outlines
    assert (outline.objective, outline.minutes) == ("Learn.", 45)
    assert outline.resources == (OutlineResource("A book"),)
    for kept in ("**Difficulty:** medium", "Very.", "**Hints:** look twice", "Please plan a break."):
        assert kept in outline.background


def test_labels_without_a_colon_open_their_sections() -> None:
    (outline,) = read_document(
        "**Title:** S\n**Tasks**\n1. One\n   - a\n\n**Success criteria**\n- ok\n"
    ).outlines
    assert outline.tasks == (OutlineTask("One", ("a",)),)
    assert outline.success_criteria == ("ok",)


def test_several_links_on_a_line_are_several_resources_and_text_around_one_is_kept() -> None:
    document = read_document(
        "## Scenario: S\n### Resources\n- See the [wiki](https://a.b) and [runbook](https://c.d)\n"
        "- [C](https://e.f), pages 3-9\n"
    )
    assert document.outlines[0].resources == (
        OutlineResource("wiki", "https://a.b"),
        OutlineResource("runbook", "https://c.d"),
        OutlineResource("C, pages 3-9", "https://e.f"),
    )
    assert any("several links" in each.why for each in document.left)


def test_underlined_headings_begin_scenarios() -> None:
    text = "Scenario 1: One\n===============\n### Tasks\n1. **T**\n   - a\n"
    (outline,) = read_document(text).outlines
    assert (outline.title, outline.tasks[0].steps) == ("One", ("a",))


def test_what_stands_beside_scenarios_belongs_to_none_of_them() -> None:
    document = read_document(
        "## Scenario 1: S\n### Objective\nLearn.\n## Appendix: facilitators\nBring cake.\n### Tasks\n- eat\n"
        "# Lab 2: T\n### Objective\nMore.\n"
    )
    assert [(o.title, o.objective, o.tasks) for o in document.outlines] == [
        ("S", "Learn.", ()),
        ("T", "More.", ()),
    ]
    assert [e.text for e in document.left if e.why == "it belongs to no scenario"] == [
        "## Appendix: facilitators", "Bring cake.", "### Tasks", "- eat",
    ]  # fmt: skip


def test_bold_and_plain_numbered_tasks_may_be_mixed_and_steps_lettered() -> None:
    text = "## Scenario: S\n### Tasks\n1. **One**: first\n   a) x\n   b) y\n2. **Two**\n3. Three\n   - z\n4. Four\n"
    (outline,) = read_document(text).outlines
    assert [(task.title, task.steps) for task in outline.tasks] == [
        ("One", ("x", "y")), ("Two", ()), ("Three", ("z",)), ("Four", ()),
    ]  # fmt: skip


def test_tables_and_code_in_lists_are_background() -> None:
    text = "## Scenario: S\n### Resources\n| a | b |\n|---|---|\n- A book\n### Objective\nLearn.\n```\n## Scenario 9: X\n```\n"
    (outline,) = read_document(text).outlines
    assert outline.resources == (OutlineResource("A book"),)
    assert outline.objective == "Learn."
    assert "| a | b |" in outline.background
    assert "## Scenario 9: X" in outline.background


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("90 minutes", 90), ("2-3 hours", 180), ("1 to 4 h", 240), ("2 h 30 min", 150), ("1,5 Hours", 90),
        ("45m", 45), ("1h30", 90), ("2-3 hours (plus 30 min debrief)", 180), ("about an afternoon", None), ("900 hours", None),
    ],
)  # fmt: skip
def test_durations_are_read_as_people_write_them(written: str, minutes: int | None) -> None:
    (outline,) = read_document(f"## Scenario: S\n### Duration\n{written}\n").outlines
    assert outline.minutes == minutes


@pytest.mark.timeout(60)
def test_a_megabyte_of_junk_is_read() -> None:
    junk = (
        "**" * 50 + "\n" + "- " * 60 + "\n" + "# " * 40 + "\n" + "[" * 100 + "\n" + "1." * 60 + "x\n"
    ) * 2000
    assert read_document(junk).outlines == ()
    assert read_document("## Scenario 1: S\n" + junk).outlines[0].title == "S"


def test_two_of_one_title_get_directories_of_their_own_and_nothing_is_overwritten(tmp_path: Path) -> None:
    outlines = read_document("## Scenario 1: S\n## Scenario 2: S\n").outlines
    assert [path.name for path in write_scenarios(outlines, tmp_path)] == ["s", "s-2"]
    with pytest.raises(UserError, match="s, s-2: there already"):
        write_scenarios(outlines, tmp_path)


@pytest.mark.parametrize(
    ("title", "slug"), [("Größe & Zahl", "groe-zahl"), ("../../etc", "etc"), ("\u65e5", "scenario")]
)
def test_a_title_becomes_a_plain_name(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_the_shipped_scenarios_come_back_from_their_own_export(tmp_path: Path) -> None:
    outlines = [outline_of(scenario) for scenario in find_scenarios()]
    assert outlines
    again = read_document(write_document(outlines))
    assert [
        (o.title, o.objective, o.minutes, o.prerequisites, o.tasks, o.success_criteria, o.resources)
        for o in again.outlines
    ] == [
        (o.title, o.objective, o.minutes, o.prerequisites, o.tasks, o.success_criteria, o.resources)
        for o in outlines
    ]
    assert again.left == ()


WORDS = st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9,']{0,8}", fullmatch=True), min_size=1, max_size=6).map(
    " ".join
)
TASK = st.builds(OutlineTask, WORDS, st.lists(WORDS, max_size=4).map(tuple))
LINK = st.from_regex(r"https://[a-z]{1,8}\.org/[a-z]{0,5}", fullmatch=True)
OUTLINE = st.builds(
    Outline,
    title=WORDS,
    objective=WORDS,
    minutes=st.integers(1, 480),
    prerequisites=st.lists(WORDS, max_size=3).map(tuple),
    tasks=st.lists(TASK, min_size=1, max_size=4).map(tuple),
    success_criteria=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    resources=st.lists(st.builds(OutlineResource, WORDS, LINK | st.just("")), max_size=3).map(tuple),
)


@given(st.lists(OUTLINE, min_size=1, max_size=3))
def test_what_was_written_is_read_again(outlines: list[Outline]) -> None:
    found = read_document(write_document(outlines))
    assert [(o.title, o.objective, o.minutes, o.tasks) for o in found.outlines] == [
        (o.title, o.objective, o.minutes, o.tasks) for o in outlines
    ]
    assert [(o.prerequisites, o.success_criteria, o.resources) for o in found.outlines] == [
        (o.prerequisites, o.success_criteria, o.resources) for o in outlines
    ]
    assert found.left == ()


@given(st.text(max_size=400))
def test_no_text_breaks_the_reader(text: str) -> None:
    read_document(text)
    read_document("## Scenario 1: S\n### Tasks\n" + text)


PIECES = st.sampled_from(
    [
        "## Scenario 1: Alpha", "# Lab: Beta", "**Title:** Gamma", "### Objective", "### Tasks", "### Duration",
        "**Resources:**", "**Success Criteria**", "## Appendix", "### Background", "**Note:** delta", "- epsilon",
        "1. **zeta**", "2. eta", "   - theta", "     - iota", "a) kappa", "| lambda | mu |", "```", "nu xi", "   omicron",
        "2-3 hours", "45 min and rho", "[sigma](https://tau.org) upsilon", "[phi](https://chi.org) [psi](https://omega.org)",
        "", "---", "===", "**one** two", "Three\n=====", "#### 4. Four", "- [ ] five", "* **six**: seven",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25))
def test_no_word_of_a_document_is_lost(pieces: list[str]) -> None:
    text = "\n".join(pieces)
    document = read_document(text)
    found = " ".join([repr(document.outlines), *(each.text for each in document.left)])
    structure = {
        "scenario", "lab", "title", "objective", "tasks", "duration", "resources", "success", "criteria", "hours", "min",
    }  # fmt: skip
    reported = {each.line for each in document.left}
    for number, line in enumerate(text.splitlines(), start=1):
        for word in re.findall(r"[A-Za-z]{3,}", line):
            assert word.lower() in structure or word in found or number in reported, (line, text)
