"""Small charts as inline SVG. Colours follow the page; every chart says in words what it shows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

_WIDTH, _HEIGHT = 120, 28
_COLOURS = ("#8250df", "#9a6700", "#0969da", "#1a7f37")
_MARKED = "#b3261e"
_ROUNDING = 1e-9
_PLOT_WIDTH, _PLOT_HEIGHT, _LEFT, _BOTTOM, _KEY = 680, 280, 56, 36, 120


def sparkline(values: Sequence[float | None]) -> str:
    """The values of successive windows as a line; empty for fewer than two."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = (_WIDTH - 4) / (len(known) - 1)
    points = " ".join(
        f"{2 + index * step:.1f},{_HEIGHT - 3 - (value - low) / span * (_HEIGHT - 6):.1f}"
        for index, value in enumerate(known)
    )
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{len(known)} windows, '
        f'{low:.4g} to {high:.4g}"><polyline points="{points}" fill="none" stroke="currentColor" '
        'stroke-width="1.5"/></svg>'
    )


@dataclass(frozen=True)
class Bar:
    """One bar: its label, its length in the unit of its row, and how that is written."""

    label: str
    value: float
    shown: str


def bars(rows: Sequence[Bar]) -> str:
    """One bar a row, from zero, to the scale of the largest; empty for fewer than two."""
    known = [bar for bar in rows if math.isfinite(bar.value) and bar.value >= 0]
    largest = max((bar.value for bar in known), default=0.0)
    if len(known) < 2 or largest <= 0:
        return ""
    labels, width, step = 84, 260, 18
    shapes = []
    for index, bar in enumerate(known):
        length = max(1.0, bar.value / largest * width)
        y = index * step
        shapes.append(
            f'<text x="{labels - 6}" y="{y + 13}" text-anchor="end">{escape(bar.label)}</text>'
            f'<rect x="{labels}" y="{y + 2}" width="{length:.1f}" height="{step - 5}" rx="2" '
            f'fill="{_COLOURS[index % len(_COLOURS)]}"/>'
            f'<text x="{labels + length + 6:.1f}" y="{y + 13}">{escape(bar.shown)}</text>'
        )
    said = ", ".join(f"{bar.label} {bar.shown}" for bar in known)
    size = f'width="{labels + width + 90}" height="{step * len(known) + 2}"'
    return f'<svg {size} role="img" aria-label="{escape(said)}">{"".join(shapes)}</svg>'


@dataclass(frozen=True)
class Curve:
    """A line of points (x, y) with its name; y is above zero."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Zone:
    """A span of the horizontal axis that is marked, with its name."""

    name: str
    begin: float
    end: float


class _Axes(Protocol):
    """The horizontal axis goes from zero to `right`."""

    @property
    def right(self) -> float: ...

    def up(self, value: float) -> float:
        """How far up a value lies, as a share of the height."""

    def marks(self) -> Iterator[float]:
        """The values that are written at the vertical axis."""


@dataclass(frozen=True)
class _PowersOfTen:
    """From the power of ten `low` to that of `high`."""

    right: float
    low: int
    high: int

    def up(self, value: float) -> float:
        return (math.log10(value) - self.low) / (self.high - self.low)

    def marks(self) -> Iterator[float]:
        return (10.0**power for power in range(self.low, self.high + 1))


@dataclass(frozen=True)
class _Even:
    """Evenly from `low` to `high`."""

    right: float
    low: float
    high: float

    def up(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)

    def marks(self) -> Iterator[float]:
        return _round_numbers(self.low, self.high)


def _round_numbers(low: float, high: float) -> Iterator[float]:
    """Multiples of 1, 2 or 5 times a power of ten from `low` to `high` (above it): three to eight."""
    span, least = high - low, 3 - _ROUNDING
    power = 10.0 ** math.floor(math.log10(span / least))
    step = next(each * power for each in (5, 2, 1) if span / (each * power) >= least)
    first, last = math.ceil(low / step - _ROUNDING), math.floor(high / step + _ROUNDING)
    return (number * step for number in range(first, last + 1))


def _across(axes: _Axes, along: float) -> float:
    return _LEFT + along / axes.right * (_PLOT_WIDTH - _LEFT - _KEY)


def _at(axes: _Axes, point: tuple[float, float]) -> tuple[float, float]:
    """Where a point lies on the picture."""
    return _across(axes, point[0]), _PLOT_HEIGHT - _BOTTOM - axes.up(point[1]) * (_PLOT_HEIGHT - _BOTTOM - 24)


def curves(lines: Sequence[Curve], *, x: str, y: str) -> str:
    """Lines over a shared horizontal axis from zero and a logarithmic vertical one; empty without points."""
    known = [
        Curve(line.name, sorted(point for point in line.points if point[1] > 0 and math.isfinite(point[1])))
        for line in lines
    ]
    every = [point for line in known for point in line.points]
    if len(every) < 2:
        return ""
    low = math.floor(math.log10(min(point[1] for point in every)))
    high = math.ceil(math.log10(max(point[1] for point in every)))
    axes = _PowersOfTen(max(point[0] for point in every) or 1.0, low, max(high, low + 1))
    shapes = [*_grid(axes, x, y)]
    for index, line in enumerate(known):
        shapes += _curve(axes, line, index, x=x, y=y)
    said = f"{y} by {x} of {', '.join(line.name for line in known)}"
    return (
        f'<svg width="{_PLOT_WIDTH}" height="{_PLOT_HEIGHT}" role="img" aria-label="{escape(said)}">'
        f"{''.join(shapes)}</svg>"
    )


def over_time(line: Curve, zones: Sequence[Zone], *, until: float, y: str, at_least: float = 0.0) -> str:
    """A line over seconds from zero to `until`, with spans marked; the vertical axis goes evenly from zero to
    the largest value, or to `at_least` if that is larger. Empty without points.
    """
    known = Curve(line.name, [point for point in line.points if math.isfinite(point[1])])
    if not known.points or until <= 0:
        return ""
    values = [point[1] for point in known.points]
    low = min(0.0, *values)
    axes = _Even(until, low, max(at_least, *values) if max(at_least, *values) > low else low + 1.0)
    line_drawn = _curve(axes, known, 1, x="s", y=y)
    shapes = [*_zones(axes, zones), *_grid(axes, "seconds", y), *line_drawn, *_names(axes, zones)]
    marked = f", with {', '.join(zone.name for zone in zones)}" if zones else ""
    said = f"{y} over {until:.0f} seconds, {min(values):.4g} to {max(values):.4g}{marked}"
    return (
        f'<svg width="{_PLOT_WIDTH}" height="{_PLOT_HEIGHT}" role="img" aria-label="{escape(said)}">'
        f"{''.join(shapes)}</svg>"
    )


def _zones(axes: _Axes, zones: Sequence[Zone]) -> Iterator[str]:
    """Each as an area over the whole height."""
    for zone in zones:
        left, right = _sides(axes, zone)
        yield (
            f'<rect x="{left:.1f}" y="24" width="{max(2.0, right - left):.1f}" '
            f'height="{_PLOT_HEIGHT - _BOTTOM - 24}" fill="{_MARKED}" fill-opacity="0.18">'
            f"<title>{escape(zone.name)}, {zone.begin:.0f} to {zone.end:.0f} s</title></rect>"
        )


def _names(axes: _Axes, zones: Sequence[Zone]) -> Iterator[str]:
    """Their names, over the line so that they can be read; those of later ones stand lower."""
    for index, zone in enumerate(zones):
        left, right = _sides(axes, zone)
        late = zone.begin > axes.right / 2
        x, anchor = (right - 4, "end") if late else (left + 4, "start")
        place = f'x="{x:.1f}" y="{38 + index % 3 * 14}" text-anchor="{anchor}"'
        yield f'<text {place} class="over">{escape(zone.name)}</text>'


def _sides(axes: _Axes, zone: Zone) -> tuple[float, float]:
    begin, end = (max(0.0, min(side, axes.right)) for side in (zone.begin, zone.end))
    return _across(axes, begin), _across(axes, end)


def _curve(axes: _Axes, line: Curve, index: int, *, x: str, y: str) -> Iterator[str]:
    """The line with its points, and its name in the key."""
    if not line.points:
        return
    colour = _COLOURS[(index + 1) % len(_COLOURS)]
    places = [_at(axes, point) for point in line.points]
    joined = " ".join(f"{across:.1f},{up:.1f}" for across, up in places)
    yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for (across, up), (rate, value) in zip(places, line.points, strict=True):
        said = f"{line.name}: {rate:.3g} {x}, {value:.3g} {y}"
        yield (
            f'<circle cx="{across:.1f}" cy="{up:.1f}" r="3" fill="{colour}">'
            f"<title>{escape(said)}</title></circle>"
        )
    key = f'x="{_PLOT_WIDTH - _KEY + 10}" y="{36 + index * 18}" style="fill:{colour}"'
    yield f"<text {key}>{escape(line.name)}</text>"


def _grid(axes: _Axes, x: str, y: str) -> Iterator[str]:
    for value in axes.marks():
        _, up = _at(axes, (0.0, value))
        yield (
            f'<line x1="{_LEFT}" x2="{_PLOT_WIDTH - _KEY}" y1="{up:.1f}" y2="{up:.1f}" class="grid"/>'
            f'<text x="{_LEFT - 6}" y="{up + 4:.1f}" text-anchor="end">{value:.4g}</text>'
        )
    for along in _round_numbers(0.0, axes.right):
        place = f'x="{_across(axes, along):.1f}" y="{_PLOT_HEIGHT - _BOTTOM + 16}"'
        yield f'<text {place} text-anchor="middle">{along:.4g}</text>'
    yield f'<text x="{_LEFT}" y="{_PLOT_HEIGHT - 4}">{escape(x)}</text>'
    yield f'<text x="4" y="12">{escape(y)}</text>'
