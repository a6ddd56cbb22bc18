"""How learners tell what came of a run, in lists, tables and sections."""

import pytest

from drillyard.assess.experiments.outcomes import told_of
from drillyard.assess.prose import Section, plain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- cache-gone-1: held. Pools held.", ["held"]),
        ("- `cache-gone-1`: deviated; most got 503.", ["deviated"]),
        ("* **cache-gone-1**: success 0.99, so it held.", ["held"]),
        ("1. cache-gone-1 deviated", ["deviated"]),
        ("- cache-gone-1: not held: deviated", ["deviated"]),
        ("- cache-gone-1 did not hold", ["deviated"]),
        ("- cache-gone-1 (expected: held): deviated", ["deviated"]),
        ("| cache-gone-1 | held | deviated |", ["deviated"]),
        ("| cache-gone-1 | held |", ["held"]),
        ("- cache-gone-1 held before and deviated then", ["both"]),
        ("| cache-gone-1 | served | **deviated** | connections were held by checkouts |", ["deviated"]),
        ("| cache-gone-1 | held | deviated: 0.31 were served |", ["deviated"]),
        ("- cache-gone-1: held before the fault, deviated while it was on", ["both"]),
        ("- cache-gone-1: no longer held", ["deviated"]),
        ("- cache-gone-1: the hypothesis hasn't held", ["deviated"]),
        ("- cache-gone-1: has not deviated", ["held"]),
        ("- cache-gone-1: held, never deviated", ["held"]),
        ("- cache-gone-1: deviated, the pool was held by checkouts", ["deviated"]),
        ("- [cache-gone-1](experiments/journals/cache-gone-1.html): held", ["held"]),
        ("- _cache-gone-1_: held", ["held"]),
        ("- cache-gone-1\n  - deviated\n- mails-refused-1\n  - held", ["deviated"]),
        ("- Unlike cache-gone-1, mails-refused-1 held", []),
        ("- cache-gone-12: held", []),
        ("- cache-gone-1: whatever", []),
        ("### cache-gone-1\n\nThe hypothesis deviated at once.", ["deviated"]),
    ],
)
def test_the_word_is_found_where_people_write_it(text: str, said: list[str]) -> None:
    assert told_of("cache-gone-1", Section("Hypotheses and outcomes", 1, text)) == said


@pytest.mark.parametrize("text", ["(" * 900_000, "(expected" * 100_000, "not " * 200_000, "<!--" * 200_000])
def test_a_text_of_any_length_is_read_in_no_time(text: str) -> None:
    assert told_of("cache-gone-1", Section("Hypotheses and outcomes", 1, f"- cache-gone-1: {text}")) == []
    assert plain(text) == text
