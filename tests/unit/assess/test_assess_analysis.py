from dataclasses import replace

import pytest

from drillyard.assess.analysis import analysed
from drillyard.assess.check import Status
from drillyard.scenario.manifest import Analysis

ASKED = Analysis(document="r.md", before="Before", after="After", remaining="What remains", compared=2)
BEFORE = {"shop.handling": 840.0, "latency.p95.search": 1900.0, "latency.p95.home": 300.0, "db.time": 70.0}
AFTER = {"shop.handling": 62.0, "latency.p95.search": 160.0, "latency.p95.home": 20.0, "db.time": 6.0}
GOOD_BEFORE = "- handling: 840 ms\n- p95 of search: 1,900 ms"
GOOD_AFTER = "- handling: 62 ms\n- p95 of search: 160 ms"
GOOD_REST = (
    "The replicas' own computing gives way first now; search is still the slowest route at 160 ms p95."
)


@pytest.fixture
def states(make_measurement):
    """The first measurement, the one after the changes, and the submission that is judged."""

    def series(values):
        return {name: [value, value * 1.01, value * 0.99, value] for name, value in values.items()}

    before = make_measurement(
        {"learner": series(BEFORE), "twin": series(BEFORE)}, id="m1", started=1.0, workspace="release 1"
    )
    after = make_measurement(
        {"learner": series(AFTER), "twin": series(BEFORE)}, id="m2", started=2.0, workspace="release 2"
    )
    last = make_measurement(
        {"learner": series(AFTER), "twin": series(BEFORE)}, id="s1", started=3.0, workspace="release 2"
    )
    return before, after, last


@pytest.fixture
def verdict(states):
    def judge(before=GOOD_BEFORE, after=GOOD_AFTER, rest=GOOD_REST, *, earlier=None, last=None):
        text = f"# R\n\n## Before\n\n{before}\n\n## After\n\n{after}\n\n## What remains\n\n{rest}\n"
        kept = states[:2] if earlier is None else earlier
        return analysed(replace(last or states[2], documents={"r.md": text}, earlier=tuple(kept)), ASKED)

    return judge


def said(found):
    return " | ".join(item.what for item in found.evidence if item.status is not Status.PASS)


def test_the_same_readings_before_and_after_and_what_remains_are_an_analysis(verdict):
    assert verdict().status is Status.PASS


@pytest.mark.parametrize(
    "after",
    [
        "| reading | before | after |\n|---|---|---|\n| handling | 840 ms | 62 ms |\n"
        "| p95 search | 1.9 s | 160 ms |",
        "handling fell from 840 ms to 62 ms.\nThe p95 of search fell from 1,900 ms to 160 ms.",
        "It was handling 840 ms; handling is 62 ms now, and search 160 ms at p95.",
    ],
)
def test_before_and_after_may_stand_on_one_line(verdict, after):
    assert verdict(before="The p95 of search was 1,900 ms.", after=after).status is Status.PASS


def test_figures_of_the_twin_are_figures_of_before(verdict, states):
    assert verdict(earlier=states[1:2]).status is Status.PASS


def test_a_document_that_swaps_before_and_after_is_found_out(verdict):
    found = verdict(before=GOOD_AFTER, after=GOOD_BEFORE)
    assert found.status is Status.FAIL
    assert "line 5 “62 ms” is what was measured after the changes" in said(found)
    assert "“1,900 ms” is what was measured before the changes" in said(found)


def test_one_reading_is_no_comparison_where_two_are_asked_for(verdict):
    assert verdict(before="- handling: 840 ms", after="- handling: 62 ms").status is Status.FAIL
    assert verdict(before="Slow.", after="Fast.").status is Status.FAIL


def test_readings_that_did_not_change_analyse_nothing(verdict, states):
    twins = [replace(each, subject="twin") for each in states[2].windows if each.subject == "learner"]
    learners = [each for each in states[2].windows if each.subject == "learner"]
    idle = replace(states[2], windows=(*learners, *twins))
    earlier = [replace(idle, id="m1", started=1.0), replace(idle, id="m2", started=2.0)]
    found = verdict(before=GOOD_AFTER, after=GOOD_AFTER, earlier=earlier, last=idle)
    assert found.status is Status.FAIL
    assert "one of these readings changed" in said(found)


def test_figures_from_elsewhere_are_not_held_against_the_learner(verdict):
    extra = "\n- mean_exec_time of category_products: 62 ms\n- rows removed by the filter: 160 ms of it"
    assert verdict(before=GOOD_BEFORE + extra).status is Status.PASS


def test_figures_in_code_blocks_are_not_held_against_the_learner(verdict):
    quoted = "\n\n```\nlatency.p95.home 20 ms\n```\n"
    assert verdict(before=GOOD_BEFORE + quoted).status is Status.PASS


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (GOOD_BEFORE, GOOD_AFTER.replace("handling", "`handling`")),
        ("| handling (ms) | 840 |\n| p95 search (ms) | 1900 |", GOOD_AFTER),
        (GOOD_BEFORE, "### Latency\n\n" + GOOD_AFTER),
        (GOOD_BEFORE + "\n\n```\n# Memory\nused: 3\n```\n", GOOD_AFTER),
        (GOOD_BEFORE, GOOD_AFTER + "\n- db.time is 12 times less than the 70 ms it was"),
        (GOOD_BEFORE + "\n- I aim for a p95 of home of 20 ms", GOOD_AFTER),
        ("shop.handling 840\nlatency.p95.search 1900", "shop.handling 62\nlatency.p95.search 160"),
        ("handling 0,84 s\np95 search 1.9 s", GOOD_AFTER),
    ],
)
def test_honest_analyses_come_in_many_shapes(verdict, before, after):
    found = verdict(before=before, after=after)
    assert found.status is Status.PASS, said(found)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- handling: 62 ms, 840 ms\n- p95 of search: 160 ms, 1,900 ms",) * 2,
        ("<!-- handling: 840 ms, p95 search: 1,900 ms -->", GOOD_AFTER),
        (GOOD_AFTER, GOOD_AFTER),
        (GOOD_BEFORE, GOOD_BEFORE),
        (
            "".join(
                f"handling: {10 * 1.2**n:.0f} ms\np95 of search: {10 * 1.2**n:.0f} ms\n" for n in range(40)
            ),
        )
        * 2,
    ],
    ids=["both values twice", "in a comment", "after twice", "before twice", "a ladder"],
)
def test_documents_that_say_everything_say_nothing(verdict, before, after):
    assert verdict(before=before, after=after).status is Status.FAIL


def test_an_after_of_an_earlier_release_is_an_after_too(verdict, states):
    small = replace(states[2], id="m9", started=2.5, workspace="release 3")
    assert verdict(earlier=[*states[:2], small]).status is Status.PASS


def test_who_measured_only_after_the_repair_says_nothing_of_before(verdict, states):
    repaired = [replace(states[1], id="m1", started=1.0), replace(states[1], id="m2", started=2.0)]
    assert verdict(before=GOOD_AFTER, after=GOOD_AFTER, earlier=repaired).status is Status.FAIL
    assert verdict(before=GOOD_BEFORE, after=GOOD_AFTER, earlier=repaired).status is Status.PASS


def test_a_hundred_claims_are_one_thing(verdict):
    found = verdict(rest="Home is the slowest route, and the cache is small. " * 100)
    assert len([item for item in found.evidence if item.threshold.startswith("about")]) == 1


@pytest.mark.parametrize(
    ("rest", "status", "why"),
    [
        ("The dearest query is still `search_products` in the database.", Status.PASS, ""),
        ("The slowest part is CPU; home can wait.", Status.PASS, ""),
        ("p95 of search was 1,900 ms and is good now; the pool is next.", Status.PASS, ""),
        ("The worst hit ratio is that of home, in the cache.", Status.PASS, ""),
        ("I had no more time, so nothing is left to be done.", Status.FAIL, "names no part of the shop"),
        ("The pool would be next: payments wait for a connection.", Status.PASS, ""),
        ("latency.p95.search is what I would look at.", Status.PASS, ""),
        ("Nothing at all that I could think of, really.", Status.FAIL, "names no part of the shop"),
        ("Valkey is next: p95 of search is still 1,900 ms.", Status.FAIL, "was so before the changes"),
        ("Home is the slowest route, its cache is too small.", Status.FAIL, "Home is the slowest route"),
        ("Home is not the slowest route; its cache is good.", Status.PASS, ""),
        ("Search and home are the slowest, in the database.", Status.PASS, ""),
        ("Search was the slowest route, the database is quiet now.", Status.PASS, ""),
        ("<!-- database, cache, pool -->", Status.FAIL, "names no part of the shop"),
    ],
)
def test_what_remains_is_named_and_true_where_the_range_can_tell(verdict, rest, status, why):
    found = verdict(rest=rest)
    assert found.status is status, said(found)
    assert why in said(found)


def test_a_document_that_is_not_there_is_no_analysis(states):
    assert analysed(states[2], ASKED).status is Status.FAIL


def test_measurements_of_the_first_release_count_as_before_until_another_is_measured(verdict, states):
    again = replace(states[0], id="m3", started=1.5)
    later = replace(states[0], id="m4", started=2.5, workspace="release 1")
    assert verdict(earlier=[states[0], again, states[1], later]).status is Status.PASS
