import re
from pathlib import Path

from drillyard.assess.readings import described

PAGE = Path(__file__).parents[3] / "docs" / "readings.md"
ROW = re.compile(
    r"^\| `(?P<name>[^`]+)` \| (?P<unit>[^|]*) \| (?P<combine>\w+)"
    r" \| (?P<meaning>[^|]+) \| (?P<each>\w*) ?\|$"
)


def test_the_page_of_readings_lists_exactly_what_the_code_gives():
    rows = [match for line in PAGE.read_text().splitlines() if (match := ROW.match(line))]
    on_the_page = {(r["name"], r["unit"].strip(), r["combine"], r["each"] == "also") for r in rows}
    in_the_code = {(d.name, d.unit.value, d.combine.value, d.per_request) for d in described()}
    assert on_the_page == in_the_code
    assert all(row["meaning"].strip().endswith(".") for row in rows)


def test_no_reading_is_given_twice():
    names = [each.name for each in described()]
    assert len(names) == len(set(names))
