"""Printing: results to standard output, all else to standard error. No colour where there is no terminal."""

import json
import math
import sys
from collections.abc import Sequence

from pydantic import BaseModel
from rich.console import Console
from rich.markdown import Markdown

WIDTH_WITHOUT_TERMINAL = 110
out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)
err = Console(stderr=True, highlight=False)

_BARS = "▁▂▃▄▅▆▇█"


def show_json(value: object) -> None:
    """Print a result (a model, or plain JSON values) for a program."""
    text = value.model_dump_json(indent=1) if isinstance(value, BaseModel) else json.dumps(value, indent=1)
    sys.stdout.write(text + "\n")


def show_markdown(text: str) -> None:
    """Print a page: drawn on a terminal, as it is elsewhere."""
    if out.is_terminal:
        out.print(Markdown(text))
    else:
        sys.stdout.write(text.rstrip("\n") + "\n")


def sparkline(values: Sequence[float]) -> str:
    """A small chart of one line: the smallest value is the lowest bar."""
    if not values:
        return ""
    low, high = min(values), max(values)
    if high == low:
        return _BARS[3] * len(values)
    return "".join(_BARS[round((value - low) / (high - low) * (len(_BARS) - 1))] for value in values)


def span(seconds: float) -> str:
    """A time span as people say it: `45 s`, `12 min`, `1 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def number(value: float) -> str:
    """A figure with three significant digits, and no more than a reader can use."""
    if math.isnan(value):
        return "-"
    magnitude = abs(value)
    if magnitude >= 100_000:
        return f"{value:,.0f}"
    if magnitude >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if magnitude >= 10 else f"{value:.2f}" if magnitude >= 1 else f"{value:.3g}"


def amount(value: float, unit: str) -> str:
    """A figure with its unit, as people read it: bytes as MiB, shares as percent."""
    match unit:
        case "B":
            return f"{number(value / 2**20)} MiB"
        case "ratio":
            return f"{number(value * 100)} %"
        case "/s" | "/request" | "":
            return f"{number(value)}{unit}"
        case _:
            return f"{number(value)} {unit}"
