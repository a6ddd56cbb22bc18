"""What is told of a recovery, and figures that rest on one."""

from dataclasses import replace

import pytest

from drillyard.assess.check import Status
from drillyard.assess.documents import figures_measured
from drillyard.assess.figures import backed, candidates, figures_in
from drillyard.assess.measurement import Measurement
from drillyard.assess.recoveries import Recovery, findings, from_json, to_json

WELL = Recovery(
    number=2, kind="site-lost", title="The site is gone", graded=True, by="runbook", struck=100.0, detail="",
    looked=160.0, began=101.0, ended=142.3, asked=300, failed=200, fates={"kept": 9, "lost": 1},
    recovery_point_s=2.5, lost_cents=990, missed_cents=5,
    readings={"jobs.lost": 0.0, "content.true.home": 1.0, "rows.lost.orders": 0.0},
)  # fmt: skip


def test_lost_orders_alone_are_no_finding() -> None:
    assert list(findings(WELL)) == []
    assert from_json(to_json(WELL)) == WELL


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"fates": {"phantom": 3}}, "3 orders are there whose customers were told no"),
        (
            {"readings": {"rows.lost.reviews": 40.0}},
            "rows of the table reviews gone or changed that were there at the start",
        ),
        ({"readings": {"jobs.lost": 2.0}}, "jobs neither done nor in a queue: 2"),
        ({"readings": {"content.true.report_sales": 0.5}}, "only 50% of what must be shown is shown: report"),
        ({"readings": {"recovery.numbers_reused": 1.0}}, "order numbers given to two customers: 1"),
        ({"gone": ("table product_ratings",)}, "gone: table product_ratings"),
    ],
)
def test_what_is_not_as_before_is_told(changed: dict[str, object], said: str) -> None:
    (found,) = findings(replace(WELL, **changed))  # type: ignore[arg-type]  # of the right types
    assert said in found


def test_figures_of_a_disaster_stand_on_its_record() -> None:
    measured = Measurement("s1", "x", "1", "full", 0.0, 1.0, (), recoveries=(WELL,))
    known = candidates((measured,))

    def stands(text: str) -> list[bool]:
        return [backed(figure, known) for figure in figures_in(text)]

    line = "- disaster 2, site-lost: customers were away {} s, recovery point {} s"
    assert stands(line.format("41.3", "2.5")) == [True, True]
    assert stands(line.format("30.0", "0.5")) == [False, False]
    assert stands("We had lunch after 41.3 s") == [False]


@pytest.mark.parametrize(
    "written",
    ["1 min 12.3 s", "1m12.3s", "72,3 s", "72.3 secs", "72 300 ms", "1:12 min", "1 minute and 12 seconds"],
)
def test_seconds_are_read_as_people_write_them(written: str) -> None:
    long = Measurement("s1", "x", "1", "full", 0.0, 1.0, (), recoveries=(replace(WELL, ended=173.3),))
    figures = figures_in(f"- site-lost: customers were away {written}")
    assert [backed(figure, candidates((long,))) for figure in figures] == [True]


def test_figures_of_another_disaster_are_not_those_of_the_one_that_is_named() -> None:
    other = replace(WELL, number=3, kind="data-gone", ended=173.3)
    known = candidates((Measurement("s1", "x", "1", "full", 0.0, 1.0, (), recoveries=(WELL, other)),))

    def stands(text: str) -> list[bool]:
        return [backed(figure, known) for figure in figures_in(text)]

    assert stands("- site-lost: customers were away 41.3 s") == [True]
    assert stands("- site-lost: customers were away 72.3 s") == [False]
    assert stands("- site-lost and data-gone: customers were away 41.3 and 72.3 s") == [True, True]
    assert stands("- disaster 2 (site): all data was gone for 41.3 s") == [True]
    assert stands("- ransom: customers were away 41.3 s") == [False], "that one never struck"


@pytest.mark.parametrize(
    ("line", "true"),
    [
        ("site-lost: customers were away 41.3 s", True),
        ("site-lost: customers were away about 41 seconds, I had guessed 300 s", True),
        ("disaster 2: customers were away 48.0 s", False),
        ("Disaster 2 (site-lost), away 4.8 s", False),
        ("site-lost: the runbook waits 30 s for the standby", True),
        ("site-lost: our target was 300 s", True),
        ("site-lost and data-gone: away 48 s together", True),
        ("site-lost: customers were away `48.0 s`, said a script of mine", True),
        ("We were away for 48 s in a rehearsal", True),
        ("Disaster 2: customers were away 2.5 s", False),
        ("Disaster 4 (data-gone): customers were away for 72 s", False),
        ("Disaster 4: customers were away 2 minutes, of which the restore took 45 s", True),
        ("In disaster 2 (site-lost) I shut down the workers first, which took 8 s", True),
        ("10:02:11 site-lost struck, shop down within 1 s", True),
        ("The shop was down in disaster 3. I noticed after 6 s.", True),
        ("site-lost: customers were never away; rows back after 35 s", True),
        ("For site-lost we had allowed that customers are away for 60 s", True),
        ("ransom: customers were away 75 s until I gave up", True),
        ("No cache lost; customers of site-lost were away 41.3 s", True),
    ],
)
def test_a_line_that_tells_what_a_disaster_cost_may_not_tell_something_else(line: str, true: bool) -> None:
    other = replace(WELL, number=3, kind="data-gone", ended=173.3)
    text = (
        "# What happened\n\n- data-gone: customers were away 72.3 s, recovery point 2.5 s\n"
        f"- disaster 2 took orders: recovery point 2.5 s, and 41.3 s without a shop\n"
        f"- disaster 4: recovery point 2.5 s; the recovery time was 140.0 s\n\n{line}\n"
    )
    again = replace(WELL, number=4, kind="data-gone", ended=241.0)
    never = replace(WELL, number=5, kind="ransom", ended=None)
    measured = Measurement(
        "s1", "x", "1", "full", 0.0, 1.0, (), recoveries=(WELL, other, again, never),
        documents={"results.md": text},
    )  # fmt: skip
    verdict = figures_measured(measured, "results.md", ["What happened"], at_least=2)
    assert (verdict.status is Status.PASS) is true
    if not true:
        (told,) = [each for each in verdict.evidence if "not what was recorded" in each.what]
        assert told.what.startswith("results.md:7 ")
        assert told.look_next == "drill recovered --list"


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("1.234,5 s", 1_234_500.0), ("1 234,5 s", 1_234_500.0), ("1,234.5 s", 1_234_500.0),
        ("9m9s", 549_000.0), ("600 min 12.345 s", 36_012_345.0), ("1:02 min", 62_000.0), ("41,3 s", 41_300.0),
    ],
)  # fmt: skip
def test_numbers_are_read_with_their_separators(written: str, milliseconds: float) -> None:
    figure = figures_in(f"Customers were away {written}, said the page")[-1]
    assert milliseconds in figure.values
    assert figure.text in written
