"""Numbers that people write, and the readings that could be behind them.

"p95 of search went from 840 to 62 ms (13x)" holds three figures. A figure is backed when a kept measurement
has a value of that kind within `TOLERANCE` or inside its interval, among the readings that its line speaks
of.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from drillyard.assess.measurement import Measurement
from drillyard.assess.prose import Line, lines_of
from drillyard.assess.recoveries import Recovery
from drillyard.faults.disasters import disasters
from drillyard.measure.paired import Interval
from drillyard.measure.reading import TIME_LIKE, Unit

TOLERANCE = 0.1
"""How far a figure may be from the value: people round."""
BARE = "bare"
"""The kind of a number without a unit, on a line that names a reading in full."""

_THIN = " \u00a0\u202f\u2009"
_NUMBER = (
    rf"[1-9]\d{{0,2}}(?:\.\d{{3}})+,\d+(?![.,]\d)|[1-9]\d{{0,2}}(?:[{_THIN}]\d{{3}})+,\d+(?![.,]\d)"
    rf"|\d{{1,3}}(?:[{_THIN},’']\d{{3}})+(?:\.\d+)?|\d+(?:[.,]\d+)?"
)
_POINTS_BETWEEN_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+")
_UNIT = (
    r"ms CPU|ms|milliseconds|seconds|secs|sec|s|%|percent|per cent|[x×]|times|req/s|rps|requests/s"
    r"|(?:\w+ )?per second|/s|/ ?request|(?:\w+ )?per request|kB|KB|KiB|MB|MiB|GB|GiB"
)
_FIGURE = re.compile(rf"(?<![\w.,#])(?P<number>{_NUMBER})(?:\s*(?P<unit>{_UNIT})(?![\w]))?(?![\w])")
_SHARED_UNIT = re.compile(r"\s*(?:→|->|=>|–|—|-|/|to|and|or)\s*", re.IGNORECASE)
_UNIT_ASIDE = re.compile(rf"(?<!\w)\((?P<unit>{_UNIT})\)")
_MINUTES = re.compile(
    r"(?<![\w.,:])(?P<minutes>\d+)\s*(?:(?:minutes?\s*(?:and\s)?|mins?|m)\s*(?P<seconds>\d{1,2}(?:[.,]\d+)?)\s*"
    r"(?:s|secs?|seconds)|:(?P<clock>\d\d)\s*min(?:utes)?)(?!\w)"
)
"""1 min 12 s, 1m12s, 1:12 min."""
_CODE = re.compile(r"`[^`]*`")
_WORD = re.compile(r"[a-z0-9]+")
_DOTTED = re.compile(r"[a-z]+(?:\.[a-z0-9_-]+)+")

_SCALE: dict[str, tuple[str, float]] = {
    "ms": ("time", 1.0),
    "ms CPU": ("time", 1.0),
    "milliseconds": ("time", 1.0),
    "s": ("time", 1000.0),
    "sec": ("time", 1000.0),
    "secs": ("time", 1000.0),
    "seconds": ("time", 1000.0),
    "%": ("share", 0.01),
    "percent": ("share", 0.01),
    "per cent": ("share", 0.01),
    "x": ("times", 1.0),
    "×": ("times", 1.0),
    "times": ("times", 1.0),
    "req/s": ("rate", 1.0),
    "requests/s": ("rate", 1.0),
    "rps": ("rate", 1.0),
    "/s": ("rate", 1.0),
    "per second": ("rate", 1.0),
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
    Unit.CPU_MILLISECONDS: ("time", 1.0),
    Unit.SECONDS: ("time", 1000.0),
    Unit.RATIO: ("share", 1.0),
    Unit.PER_SECOND: ("rate", 1.0),
    Unit.PER_REQUEST: ("each", 1.0),
    Unit.BYTES: ("size", 1.0),
    Unit.COUNT: ("count", 1.0),
    Unit.CORES: ("count", 1.0),
}
_LED_BY = 5
"""So many words before a figure are kept with it."""
_ROUNDED_S = 0.05
"""Times of a disaster are shown with one decimal."""
_TOLD_OF_DISASTERS = "customers away recovery time point lost gone oldest rto rpo"
_SYNONYMS = {
    "95th percentile": "p95",
    "99th percentile": "p99",
    "median": "p50",
    "blocks": "buffers",
    "statements": "calls",
    "queries": "calls",
    "evictions": "evicted",
}
"""What people say for the words in a reading's name."""


@dataclass(frozen=True)
class Figure:
    """A number in a text: `kind` is time (ms), share (0..1), times, rate, each, size (bytes), or `BARE`.

    `values` has more than one where a separator can mean two things (1,234). `words` are those of its line
    and of its table's heading, `names` the readings that the line names in full. A `quoted` one stands in
    code. `said` is its line in small letters, without punctuation; `led_by` the words right before it.
    """

    text: str
    kind: str
    values: tuple[float, ...]
    line: int
    words: frozenset[str]
    names: frozenset[str]
    quoted: bool = False
    said: str = ""
    led_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A value that was measured: the name of its reading, the words of that, and the factor from its own
    unit to that of its kind. `about` has the names of the incident that it is of, where it is of one.
    """

    kind: str
    low: float
    high: float
    words: frozenset[str]
    name: str = ""
    factor: float = 1.0
    about: tuple[str, ...] = ()

    def near(self, figure: Figure) -> bool:
        """Whether the figure is in the interval or within `TOLERANCE` of it."""
        low, high = self.low - abs(self.low) * TOLERANCE, self.high + abs(self.high) * TOLERANCE
        return any(low <= value <= high for value in self._in_unit(figure))

    def _in_unit(self, figure: Figure) -> Iterator[float]:
        """A bare number is in the reading's own unit; a share may be one of 100."""
        for value in figure.values:
            if figure.kind != BARE:
                yield value
                continue
            yield value * self.factor
            if self.kind == "share":
                yield value / 100


def figures_in(text: str) -> list[Figure]:
    """Every number with a unit, and those without one on lines that name a reading; `line` counts from 1."""
    return [figure for line in lines_of(text) for figure in _figures(line)]


def _in_seconds(written: str) -> tuple[str, str]:
    """A line with minutes and seconds as seconds, and the line as it was: both padded to one length."""
    read, shown, at = "", "", 0
    for found in _MINUTES.finditer(written):
        seconds = float((found["seconds"] or found["clock"]).replace(",", "."))
        as_seconds = f"{60 * int(found['minutes']) + seconds:.12g} s"
        width = max(len(as_seconds), len(found[0]))
        read += written[at : found.start()] + as_seconds.ljust(width)
        shown += written[at : found.start()] + found[0].ljust(width)
        at = found.end()
    return read + written[at:], shown + written[at:]


def _figures(given: Line) -> Iterator[Figure]:
    read, shown = _in_seconds(given.text)
    line = replace(given, text=read)
    coded = [match.span() for match in _CODE.finditer(line.text)]
    found = list(_FIGURE.finditer(line.text))
    aside = _UNIT_ASIDE.search(line.text) or _UNIT_ASIDE.search(line.heading)
    words, names = _said(f"{line.text} {line.heading}"), frozenset(_DOTTED.findall(line.text.lower()))
    for index, match in enumerate(found):
        unit = _unit(line.text, found, index) or (aside["unit"] if aside else "")
        if not unit and not names:
            continue
        kind, factor = _scale(unit) if unit else (BARE, 1.0)
        yield Figure(
            text=shown[match.start() : match.end()].strip(),
            kind=kind,
            values=tuple(value * factor for value in _values(match["number"])),
            line=line.number,
            words=words,
            names=names,
            said=" ".join(re.findall(r"[\w-]+", given.text.lower())),
            led_by=tuple(re.findall(r"[\w-]+", line.text[: match.start()].lower())[-_LED_BY:]),
            quoted=line.code or any(start <= match.start() < end for start, end in coded),
        )


def _unit(text: str, found: Sequence[re.Match[str]], index: int) -> str:
    """Its own unit, or that of the next one in "from 840 to 62 ms"."""
    for here, after in zip(found[index:], [*found[index + 1 :], None], strict=True):
        if here["unit"]:
            return here["unit"]
        if after is None or not _SHARED_UNIT.fullmatch(text[here.end() : after.start()]):
            break
    return ""


def _scale(unit: str) -> tuple[str, float]:
    """`510 blocks per request` is 510 per request, whatever they are."""
    if unit in _SCALE:
        return _SCALE[unit]
    if unit.endswith("per second"):
        return _SCALE["per second"]
    return _SCALE["per request"]


def _values(number: str) -> tuple[float, ...]:
    """What it can mean: a comma, or a point before three digits, is read both ways."""
    digits = re.sub(r"[ ’'\u00a0\u202f\u2009]", "", number)
    if _POINTS_BETWEEN_THOUSANDS.fullmatch(digits):
        return (float(digits.replace(".", "").replace(",", ".")),)
    whole, comma, rest = digits.partition(",")
    if comma and rest.isdigit() and (len(rest) != 3 or whole == "0"):
        return (float(f"{whole}.{rest}"),)
    plain = float(digits.replace(",", ""))
    if comma and rest.isdigit():
        return plain, float(f"{whole}.{rest}")
    whole, point, rest = digits.partition(".")
    if point and len(rest) == 3 and 0 < len(whole) <= 3 and whole != "0":
        return plain, float(whole + rest)
    return (plain,)


def _said(text: str) -> frozenset[str]:
    """The words of a text, with those that readings use for them."""
    small = text.lower()
    return words_of(small) | {word for said, word in _SYNONYMS.items() if said in small}


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
        found += _of_recoveries(measurement.recoveries)
    found += _changes(measurements)
    found += _beside_the_twin(measurements)
    return found


def backed(figure: Figure, known: Iterable[Candidate]) -> bool:
    """Whether a measured value stands behind the figure.

    The line has to name a reading (`search`, `p95`, `hit`); only those that it names best, or nearly so (a
    line may speak of several), are asked; where it names incidents, only figures of these. A bare number has
    to be of a reading that is named in full.
    """
    if figure.kind == BARE:
        return any(each.name in figure.names and each.near(figure) for each in known)
    same_kind = [each for each in known if each.kind == figure.kind]
    said = f" {figure.said} "
    named = {each.about for each in same_kind if any(f" {name} " in said for name in each.about)}
    if named:
        same_kind = [each for each in same_kind if not each.about or each.about in named]
    best = max((len(each.words & figure.words) for each in same_kind), default=0)
    least = max(1, best - 1)
    return any(len(each.words & figure.words) >= least and each.near(figure) for each in same_kind)


def meant(figure: Figure, known: Iterable[Candidate]) -> frozenset[str]:
    """The readings that the figure may be of: near it, and named on its line better than the others are.

    More generous than `backed`: a line that speaks of several readings names none of them best.
    """
    if figure.kind == BARE:
        return frozenset(each.name for each in known if each.name in figure.names and each.near(figure))
    found = [each for each in known if each.kind == figure.kind and each.near(figure)]
    ranked = [(len(each.words & figure.words), -len(each.words - figure.words), each.name) for each in found]
    best = max(((named, extra) for named, extra, _ in ranked if named), default=None)
    return frozenset(name for named, extra, name in ranked if (named, extra) == best)


def pinned(figure: Figure, kinds: Mapping[str, str]) -> str:
    """The one reading that the figure's line names, whatever its value; empty when it names none or several.

    All words of a reading's name but those of its family (`latency`, `db`) have to be there; the name with
    most words wins. `kinds` is the kind of each reading, which has to be that of the figure.
    """
    named: dict[int, list[str]] = {}
    for name, kind in kinds.items():
        own = words_of(name.partition(".")[2])
        if own and own <= figure.words and figure.kind in (kind, BARE):
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
    yield Candidate(kind, low * factor, high * factor, words_of(name), name, factor)


def _of_recoveries(recoveries: Iterable[Recovery]) -> Iterator[Candidate]:
    """Both times of each disaster; its line names its kind, and says which is which. A kind that never struck
    has times that nothing is near.
    """
    happened = list(recoveries)
    for kind in disasters().keys() - {each.kind for each in happened} if happened else ():
        # By its name alone: "the site lost 3 s of orders" speaks of no incident.
        words = words_of(f"{kind} {_TOLD_OF_DISASTERS}")
        yield Candidate("time", math.nan, math.nan, words, about=(kind,))
    for each in happened:
        words = words_of(f"disaster {each.number} {each.kind} {_TOLD_OF_DISASTERS}")
        for seconds in (each.recovery_s, each.recovery_point_s):
            if seconds is not None:
                names = (each.kind, each.kind.replace("-", " "), f"disaster {each.number}")
                low, high = 1000 * (seconds - _ROUNDED_S), 1000 * (seconds + _ROUNDED_S)
                yield Candidate("time", low, high, words, about=names)


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
