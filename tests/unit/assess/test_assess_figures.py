"""Figures in documents: how they are read, and what is measured behind them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_manifest import MANIFEST, SAID

from drillyard.assess.check import Status
from drillyard.assess.documents import document_verdict, figures_measured, with_workspace
from drillyard.assess.figures import BARE, backed, candidates, figures_in
from drillyard.measure.reading import Unit


def test_figures_are_read_with_their_units_and_not_from_code():
    found = figures_in(
        "p95 fell from 840 ms to 0.06 s (14x), 93 % hits, 1,200 req/s, `ttl 30 s`\n```\n5 ms\n```"
    )
    assert [(f.kind, f.values[0]) for f in found] == [
        ("time", 840), ("time", 60), ("times", 14), ("share", 0.93), ("rate", 1200), ("time", 30_000),
        ("time", 5),
    ]  # fmt: skip
    assert [f.quoted for f in found] == [False] * 5 + [True] * 2


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("p95 1,234 ms", "time", (1234, 1.234)),
        ("p95 0,84 s", "time", (840,)),
        ("p95 1,234.5 ms", "time", (1234.5,)),
        ("p95 1,234,567 ms", "time", (1234567,)),
        ("p95 0,123 s", "time", (123,)),
        ("p95 84,3 %", "share", (0.843,)),
        ("p95 1.234 ms", "time", (1.234, 1234)),
        ("p95 0.123 s", "time", (123,)),
        ("p95 1\u00a0234 ms", "time", (1234,)),
        ("p95 1’234 ms", "time", (1234,)),
        ("510 blocks per request", "each", (510,)),
        ("97 requests per second", "rate", (97,)),
        ("3.2 ms CPU", "time", (3.2,)),
        ("cache.hit_ratio.product 0.88", BARE, (0.88,)),
    ],
)
def test_numbers_are_read_as_people_of_several_countries_write_them(text, kind, values):
    (figure,) = figures_in(text)
    assert (figure.kind, pytest.approx(figure.values)) == (kind, values)


@pytest.mark.parametrize(
    "text", ["from 840 to 62 ms", "840 → 62 ms", "840 ms/62 ms", "840–62 ms", "latency.p95 (ms) | 840 | 62"]
)
def test_a_unit_may_stand_once_for_several_numbers(text):
    assert [(f.kind, f.values) for f in figures_in(text)] == [("time", (840,)), ("time", (62,))]


@given(st.text(alphabet="0123456789.,’' \u00a0-/→|()`#\npms%xk/request1", max_size=80))
def test_whatever_is_written_is_read_without_an_error(text):
    figures_in(f"latency.p95 {text}")


def test_a_word_in_brackets_is_no_unit():
    assert figures_in("2 replica(s) and 3 worker(s)") == []


def test_a_number_of_nothing_is_no_figure():
    found = figures_in("I tried 3 times 4 indexes on 2026-11-26, version 18.1")
    assert [figure.text for figure in found] == ["3 times"]


@pytest.mark.parametrize(
    ("text", "backs"),
    [
        ("| reading | before |\n|---|---|\n| `latency.p95.search` | 61 ms |", True),
        ("| | p95 search | hits |\n|---|---|---|\n| after | 61 ms | 1 % |", True),
        ("95th percentile of search: 61 ms", True),
        ("latency.p95.search | 61", True),
        ("latency.p95.search | 99", False),
        ("Blocks touched per request: 510/request", True),
        ("db.buffers_per_request 510", True),
        ("p95 of search `61 ms`", True),
        ("The moon: 61 ms", False),
    ],
)
def test_a_figure_is_backed_however_it_is_laid_out(make_measurement, text, backs):
    m = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}})
    n = make_measurement(
        {"learner": {"db.buffers_per_request": [510.0] * 3, "db.temp_blocks_per_request": [0.1] * 3}},
        unit=Unit.PER_REQUEST,
    )
    known = candidates([m, n])
    assert backed(figures_in(text)[0], known) is backs


def test_settings_that_were_changed_and_pasted_output_are_no_unmeasured_figures(make_measurement, tmp_path):
    m = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}})
    text = (
        "# What was changed\nttl 0.6 s to 20 s, work_mem 64 kB to 8 MB, timeout 3 s\n"
        "# After\n```\nlatency.p95.search  61 ms  latency.p50 7 ms\n```\n"
    )
    (tmp_path / "results.md").write_text(text)
    verdict = figures_measured(with_workspace(m, MANIFEST, tmp_path), "results.md", ["After"])
    assert verdict.status is Status.PASS


def test_the_same_figure_again_and_again_is_one(make_measurement, tmp_path):
    m = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}})
    (tmp_path / "results.md").write_text("# After\np95 search 61 ms 61 ms 61 ms 61 ms\n")
    m = with_workspace(m, MANIFEST, tmp_path)
    assert figures_measured(m, "results.md", ["After"], at_least=2).status is Status.FAIL


def test_figures_as_ratios_to_the_twin_are_measured(make_measurement, tmp_path):
    first = make_measurement(
        {"learner": {"latency.p95.search": [800.0] * 2}, "twin": {"latency.p95.search": [800.0] * 2}}
    )
    now = make_measurement(
        {"learner": {"latency.p95.search": [90.0] * 2}, "twin": {"latency.p95.search": [1200.0] * 2}}
    )
    (tmp_path / "results.md").write_text("# After\np95 of search: 13.3x better beside the twin\n")
    m = with_workspace(now, MANIFEST, tmp_path, earlier=[first])
    assert figures_measured(m, "results.md", ["After"]).status is Status.PASS


def test_figures_without_a_measurement_behind_them_are_named(make_measurement, tmp_path):
    first = make_measurement({"learner": {"latency.p95.search": [800.0, 840.0]}})
    now = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}}, earlier=(first,))
    text = "# After\nSearch p95 was 820 ms and is 61 ms, 13x faster; down by 92 %.\nCheckout p95: 5 ms.\n"
    (tmp_path / "results.md").write_text(text)
    m = with_workspace(now, MANIFEST, tmp_path, earlier=[first])
    verdict = figures_measured(m, "results.md", ["After"])
    assert verdict.status is Status.PASS
    assert [item.what for item in verdict.evidence[1:]] == [
        "results.md:3 “5 ms” has no measurement behind it"
    ]
    assert verdict.evidence[1].status is Status.INCONCLUSIVE


def test_invented_figures_fail(make_measurement, tmp_path):
    m = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}})
    (tmp_path / "results.md").write_text("# After\nSearch p95 is 5 ms, 9 ms, 7 ms, and 300x better.\n")
    m = with_workspace(m, MANIFEST, tmp_path)
    assert figures_measured(m, "results.md").status is Status.FAIL


def test_figures_count_where_the_manifest_asks_for_them(make_measurement, tmp_path):
    asked = MANIFEST.model_copy(
        update={"documents": (MANIFEST.documents[0].model_copy(update={"figures": 1}),)}
    )
    m = make_measurement({"learner": {"latency.p95.search": [60.0, 62.0]}})
    for text, status in (("no figures", Status.FAIL), ("search p95 is 61 ms", Status.PASS)):
        (tmp_path / "results.md").write_text(f"# Before\n{SAID}\n# After\n{SAID} {text}\n")
        verdict = document_verdict(with_workspace(m, asked, tmp_path), asked.documents[0])
        assert verdict.status is status
