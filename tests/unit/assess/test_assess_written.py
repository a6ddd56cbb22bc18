"""What learners write as data is refused in one line that says where."""

import pytest

from drillyard.assess.risks import parse

ENTRY = """\
- scenario: data-gone
  system: [database]
  likelihood_per_year: 0.2
  impact_eur: 10
  rto_s: 20
  rpo_s: 5
  priority: 1
  answer: The newest backup and the log since.
"""


def test_entries_are_found_by_what_can_happen() -> None:
    register = parse("risks:\n" + ENTRY)
    assert register.by_scenario["data-gone"].expected_eur == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "risks:\n" + ENTRY.replace("[database]", "database"),
            "risks, entry 1, system: Input should be a valid",
        ),
        (
            "risks:\n" + ENTRY + ENTRY.replace("rto_s: 20", "rto: -1"),
            "risks, entry 2, rto_s: Field required; ",
        ),
        ("risks: [", "line 1: "),
        ("risks:\n  - a: b: c\n", "line 2: mapping values are not allowed here"),
        ("&a [*a]", "the file: "),
        ("risks: !!bool zz", "zz"),
        ("risks: !!int ''", ""),
        ("[" * 5000, "it is nested too deeply"),
        ("", "the file: Input should be a valid dictionary"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_all_mistakes_are_told_but_no_flood() -> None:
    many = "risks:\n" + "- {}\n" * 20
    with pytest.raises(ValueError, match=r"entry 1, scenario: .*; and 155 more$"):
        parse(many)
