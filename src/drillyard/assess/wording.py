"""How figures read: the same on the screen and in the report."""

import math
import re

MANY = 5.0
"""A ratio above this is a multiple, no share."""
_NUMBER = re.compile(r"\d[\d.]*(?:e[+-]?\d+)?")


def number(value: float) -> str:
    """A figure with three significant digits, and no more than a reader can use."""
    if not math.isfinite(value):
        return "-"
    magnitude = abs(value)
    if magnitude >= 100_000:
        return f"{value:,.0f}"
    if magnitude >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if magnitude >= 10 else f"{value:.2f}" if magnitude >= 1 else f"{value:.3g}"


def amount(value: float, unit: str) -> str:
    """A figure with its unit, as people read it: bytes as MiB, shares as percent."""
    if not math.isfinite(value):
        return "-"
    match unit:
        case "B":
            return f"{number(value / 2**20)} MiB"
        case "ratio" if value > MANY:
            return f"{number(value)} times"
        case "ratio":
            return f"{number(value * 100)} %"
        case "/s" | "/request" | "":
            return f"{number(value)}{unit}"
        case _:
            return f"{number(value)} {unit}"


def judged(
    what: str, value: float | None, interval: tuple[float | None, float | None], unit: str, threshold: str
) -> str:
    """What was found, with its interval, beside what was asked for: both on one scale.

    Ratios stay plain numbers here, since what is asked of them is one.
    """
    scale = "" if unit == "ratio" else unit
    text = what if value is None else f"{what}: {amount(value, scale)}"
    low, high = interval
    if low is not None and high is not None and low != high:
        text += f" ({amount(low, scale)} .. {amount(high, scale)})"
    if not threshold:
        return text
    if unit == "B":
        threshold = _NUMBER.sub(lambda found: amount(float(found[0]), unit), threshold)
    return f"{text}, asked for {threshold}"
