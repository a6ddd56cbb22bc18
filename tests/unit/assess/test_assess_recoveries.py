"""What is told of a recovery, and figures that rest on one."""

from dataclasses import replace

import pytest

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
        ({"readings": {"rows.lost.reviews": 40.0}}, "40 rows of the table reviews"),
        ({"readings": {"jobs.lost": 2.0}}, "2 jobs are neither done nor in a queue"),
        ({"readings": {"content.true.report_sales": 0.5}}, "only 50% of what must be shown is shown: report"),
        ({"readings": {"recovery.numbers_reused": 1.0}}, "1 order numbers were given to two customers"),
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
