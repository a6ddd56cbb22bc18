"""Hypotheses: every number that an experiment asks for is said, and nothing is that says nothing."""

import re
from typing import Any

import pytest

from drillyard.assess.experiments.hypotheses import numbers_in, unsaid, unwritten
from drillyard.assess.prose import section_of, sections_of

WHOLE = """## x

**What will break:** no replica can reach the cache, its connections are refused.

**Expected:** pages come from the database, a little later; customers are served.

**Success criteria:** while it lasts the share stays between 0.9 and 1.
"""


def probe(func: str, tolerance: object, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": "drillyard.chaos.probes", "func": func, "arguments": arguments}
    return {"type": "probe", "name": func, "tolerance": tolerance, "provider": provider}


def asked(*probes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"steady-state-hypothesis": {"title": "t", "probes": list(probes)}, **more}


def complaints(experiment: dict[str, Any], text: str) -> list[str]:
    section = section_of(sections_of(f"## x\n\n{text}\n"), "x")
    assert section
    return list(unsaid(experiment, section))


@pytest.mark.parametrize(
    ("experiment", "text"),
    [
        (asked(probe("recovers_within", True, seconds=20)), "Within 20 s customers are served."),
        (asked(probe("recovers_within", True, seconds=20, ratio=0.95)), "95 % within 20 s"),
        (asked(probe("success_ratio", [0.9, 1.0])), "range [0.9,1.0]"),
        (asked(probe("success_ratio", [0.95, 1.01])), "at least 95 %"),
        (asked(probe("success_ratio", 1.0)), "all of them"),
        (asked(probe("reading", [20, 100_000], name="jobs.done")), "at least 20 jobs"),
        (asked(probe("p95_ms", [0, 500])), "p95 of at most 500,250 or so"),
        (asked(probe("p95_ms", [0, 500])), "p95 below 0.5 s"),
        (asked(probe("reading", [-1, 5], name="queue.oldest_max")), "at most 5 s"),
        (asked(probe("success_ratio", "${asked}"), configuration={"asked": [0.9, 1.0]}), "0.9"),
    ],
)
def test_numbers_are_found_as_people_write_them(experiment: dict[str, Any], text: str) -> None:
    assert complaints(experiment, text) == []


@pytest.mark.parametrize(
    ("experiment", "text"),
    [
        (asked(probe("recovers_within", True, seconds=20)), "soon"),
        (asked(probe("success_ratio", [0.9, 1.0])), "at least 0.8"),
        (asked(probe("success_ratio", "${asked}"), configuration={"asked": [0.9, 1.0]}), "0.8"),
        (asked(probe("p95_ms", None)), "p95 of 500"),
        (asked(), "0.9"),
    ],
)
def test_what_is_not_said_is_told(experiment: dict[str, Any], text: str) -> None:
    assert len(complaints(experiment, text)) == 1


def test_a_decimal_comma_and_thousands_are_both_read() -> None:
    assert {0.9, 1.0} <= set(numbers_in("[0.9,1.0]"))
    assert 1500.0 in numbers_in("1,500 ms")
    assert 0.9 in numbers_in("0,9")
    assert {0.95, 120.0} <= set(numbers_in("0.95 120 ms"))


def told(text: str) -> list[str]:
    section = section_of(sections_of(text), "x")
    assert section
    return list(unwritten(section))


def test_a_section_says_something_after_each_label_in_words_of_its_own() -> None:
    assert told(WHOLE) == []
    assert told("## x\n\nwhat will break expected success criteria 0.9" + " a" * 30)
    assert told(WHOLE.replace("pages come from the database, a little later; customers are served.", ""))
    assert told("## x\n\n" + WHOLE.replace("## x", "### y"))
    assert told(WHOLE.replace("customers are served.", "customers are served, later than expected.")) == []
    assert told(WHOLE.replace("customers are served.", "customers are served, later than\nexpected.")) == []
    assert told(_with_headings(WHOLE)) == []
    assert told(WHOLE + "\n" * 100_000 + "x") == []


def _with_headings(text: str) -> str:
    return re.sub(r"\*\*(.+?):\*\*", r"\n### \1\n\n", text)


def test_numbers_below_headings_are_the_hypothesis_too() -> None:
    section = section_of(sections_of("## x\n\n### Success criteria\n\np95 of 0-500 ms."), "x")
    assert section
    assert list(unsaid(asked(probe("p95_ms", [0, 500])), section)) == []
    assert list(unsaid(asked(probe("p95_ms", [0, 600])), section))
