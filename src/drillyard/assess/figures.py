"""Numbers that people write, and the readings that could be behind them.

"p95 of search went from 840 ms to 62 ms (13x)" holds three figures. A figure is backed when a kept
measurement has a value of that kind within `TOLERANCE` or inside its interval, among the readings that the
line speaks of.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from drillyard.assess.measurement import Measurement
from drillyard.measure.paired import Interval
from drillyard.measure.reading import TIME_LIKE, Unit

TOLERANCE = 0.1
"""How far a figure may be from the value: people round."""

_FIGURE = re.compile(
    r"(?<![\w.,#/-])(?P<number>\d{1,3}(?:[ ,]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*"
    r"(?P<unit>ms|milliseconds|seconds|sec|s|%|percent|[x×]|times|req/s|rps|requests/s|/s"
    r"|/request|per request|kB|KB|KiB|MB|MiB|GB|GiB)(?![\w])"
)
_CODE = re.compile(r"`[^`]*`")
_WORD = re.compile(r"[a-z0-9]+")

_SCALE: dict[str, tuple[str, float]] = {
    "ms": ("time", 1.0),
    "milliseconds": ("time", 1.0),
    "s": ("time", 1000.0),
    "sec": ("time", 1000.0),
    "seconds": ("time", 1000.0),
    "%": ("share", 0.01),
    "percent": ("share", 0.01),
    "x": ("times", 1.0),
    "×": ("times", 1.0),
    "times": ("times", 1.0),
    "req/s": ("rate", 1.0),
    "requests/s": ("rate", 1.0),
    "rps": ("rate", 1.0),
    "/s": ("rate", 1.0),
    "/request": ("each", 1.0),
    "per request": ("each", 1.0),
    "kB": ("size", 1e3),
    "KB": ("size", 1e3),
    "KiB": ("size", 1024.0),
    "MB": ("size", 1e6),
    "MiB": ("size", 1024.0**2),
    "GB": ("size", 1e9),
    "GiB": ("size", 1024.0**3),
}
_OF_UNIT: dict[Unit, tuple[str, float]] = {
    Unit.MILLISECONDS: ("time", 1.0),
    Unit.SECONDS: ("time", 1000.0),
    Unit.RATIO: ("share", 1.0),
    Unit.PER_SECOND: ("rate", 1.0),
    Unit.PER_REQUEST: ("each", 1.0),
    Unit.BYTES: ("size", 1.0),
}


@dataclass(frozen=True)
class Figure:
    """A number with its unit in a text: `kind` is time (ms), share (0..1), times, rate, each or size
    (bytes).
    """

    text: str
    kind: str
    value: float
    line: int
    words: frozenset[str]
    """The words of its line."""
    quoted: bool = False
    """Whether it stands in a code block."""


@dataclass(frozen=True)
class Candidate:
    """A value that was measured: the name of its reading, and the words of that."""

    kind: str
    low: float
    high: float
    words: frozenset[str]
    name: str = ""

    def near(self, value: float) -> bool:
        """Whether `value` is in the interval or within `TOLERANCE` of it."""
        low, high = self.low, self.high
        return low - abs(low) * TOLERANCE <= value <= high + abs(high) * TOLERANCE


def figures_in(text: str) -> list[Figure]:
    """Every number with a unit but for those in inline code; `line` counts from 1."""
    found = []
    fenced = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        plain = _CODE.sub(" ", line)
        words = frozenset(_WORD.findall(plain.lower()))
        for match in _FIGURE.finditer(plain):
            kind, factor = _SCALE[match["unit"]]
            value = float(match["number"].replace(",", "").replace(" ", "")) * factor
            found.append(Figure(match[0].strip(), kind, value, number, words, fenced))
    return found


def candidates(measurements: Sequence[Measurement]) -> list[Candidate]:
    """Every value that a figure could mean: readings, throughput, and changes between measurements."""
    found: list[Candidate] = []
    for measurement in measurements:
        for subject in measurement.subjects().values():
            found += values_of(subject.all())
        for name, capacity in measurement.capacities.items():
            words = frozenset({"throughput", "sustained", "capacity", name})
            most = min(capacity.bracket, capacity.rate * 1.5)
            found.append(Candidate("rate", capacity.rate, most, words))
    found += _changes(measurements)
    found += _beside_the_twin(measurements)
    return found


def backed(figure: Figure, known: Iterable[Candidate]) -> bool:
    """Whether a measured value stands behind the figure.

    The line has to name a reading (`search`, `p95`, `hit`); only those that it names best are asked.
    """
    same_kind = [each for each in known if each.kind == figure.kind]
    best = max((len(each.words & figure.words) for each in same_kind), default=0)
    if not best:
        return False
    asked = [each for each in same_kind if len(each.words & figure.words) == best]
    return any(each.near(figure.value) for each in asked)


def meant(figure: Figure, known: Iterable[Candidate]) -> frozenset[str]:
    """The readings that the figure may be of: near it, and named on its line better than the others are.

    More generous than `backed`: a line that speaks of several readings names none of them best.
    """
    found = [each for each in known if each.kind == figure.kind and each.near(figure.value)]
    ranked = [(len(each.words & figure.words), -len(each.words - figure.words), each.name) for each in found]
    best = max(((named, extra) for named, extra, _ in ranked if named), default=None)
    return frozenset(name for named, extra, name in ranked if (named, extra) == best)


def pinned(figure: Figure, names: Iterable[str], kinds: Mapping[str, str]) -> str:
    """The one reading that the figure's line names, whatever its value; empty when it names none or several.

    All words of a reading's name but those of its family (`latency`, `db`) have to be there; the name with
    most words wins. `kinds` is the kind of each reading, which has to be that of the figure.
    """
    named: dict[int, list[str]] = {}
    for name in names:
        own = words_of(name.partition(".")[2])
        if own and own <= figure.words and kinds[name] == figure.kind:
            named.setdefault(len(words_of(name) & figure.words), []).append(name)
    most = named[max(named)] if named else []
    return most[0] if len(most) == 1 else ""


def values_of(readings: Mapping[str, Interval]) -> list[Candidate]:
    """The values of readings, as figures could state them."""
    return [each for name, interval in readings.items() for each in _of_reading(name, interval)]


def _of_reading(name: str, interval: Interval) -> Iterator[Candidate]:
    if interval.unit not in _OF_UNIT:
        return
    kind, factor = _OF_UNIT[interval.unit]
    low, high = _bounded(interval)
    yield Candidate(kind, low * factor, high * factor, words_of(name), name)


def _bounded(interval: Interval) -> tuple[float, float]:
    """The interval, at most from half to twice the value: too few windows must not back everything."""
    value = interval.value
    return max(interval.low, value / 2), min(interval.high, value * 2)


def _changes(measurements: Sequence[Measurement]) -> Iterator[Candidate]:
    """Ratios of the first measurement to each later one, and back; and what they are as shares."""
    if not measurements:
        return
    first = measurements[0].learner.all()
    for later in measurements[1:]:
        for name, interval in later.learner.all().items():
            before = first.get(name)
            if before is None or before.value <= 0 or interval.value <= 0:
                continue
            ratio = before.value / interval.value
            words = words_of(name)
            for value in (ratio, 1 / ratio):
                yield Candidate("times", value, value, words)
                yield Candidate("share", abs(1 - value), abs(1 - value), words)


def _beside_the_twin(measurements: Sequence[Measurement]) -> Iterator[Candidate]:
    """Seconds as `drill measure` and `drill compare` show them: as ratios to the twin of the same
    measurement, and how these changed from the first measurement to each later one.
    """
    first: dict[str, float] = {}
    for measurement in measurements:
        for name, interval in measurement.learner.all().items():
            twin = measurement.twin.get(name) if interval.unit in TIME_LIKE else None
            if twin is None or twin.value <= 0 or interval.value <= 0:
                continue
            ratio = interval.value / twin.value
            changed = ratio / first.setdefault(name, ratio)
            for value in {ratio, 1 / ratio, changed, 1 / changed}:
                yield Candidate("times", value, value, words_of(name))
                yield Candidate("share", value, value, words_of(name))
                yield Candidate("share", abs(1 - value), abs(1 - value), words_of(name))


def words_of(text: str) -> frozenset[str]:
    """The words of a reading's name or of a text, in small letters."""
    return frozenset(_WORD.findall(text.lower()))
