import math

import pytest

from drillyard.assess.wording import number
from drillyard.cli.screen import span, sparkline


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (1234567, "1,234,567"),
        (3.0, "3"),
    ],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_no_figure_is_a_dash() -> None:
    assert number(math.nan) == "-"


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (600, "10 min"), (3900, "1 h 05 min")])
def test_spans_read_as_people_say_them(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_sparkline_goes_from_its_lowest_to_its_highest_value() -> None:
    assert sparkline([0, 5, 10]) == "▁▅█"
    assert sparkline([4, 4]) == "▄▄"
    assert sparkline([0, None, 10]) == "▁ █"
    assert sparkline([]) == ""
