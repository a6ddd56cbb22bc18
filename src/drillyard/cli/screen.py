"""Printing: results to standard output, all else to standard error. No colour where there is no terminal."""

import json
import sys
from collections.abc import Sequence

from pydantic import BaseModel
from rich.console import Console
from rich.markdown import Markdown

from drillyard.assess.wording import number

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


def sparkline(values: Sequence[float | None]) -> str:
    """A small chart of one line: the smallest value is the lowest bar, no value a gap."""
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    low, high = min(known), max(known)

    def bar(value: float) -> str:
        return _BARS[3 if high == low else round((value - low) / (high - low) * (len(_BARS) - 1))]

    return "".join(" " if value is None else bar(value) for value in values)


def counted(count: int, noun: str) -> str:
    """`1 fault`, `2 faults`."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


def price(points: float) -> str:
    """`1 point`, `2.5 points`."""
    return f"{number(points)} point{'' if points == 1 else 's'}"


def span(seconds: float) -> str:
    """A time span as people say it: `45 s`, `12 min`, `1 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
