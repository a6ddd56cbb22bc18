"""Reading the Prometheus text format: only the metrics that are asked for, so that a window's end stays
short.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import httpx

_LINE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


@dataclass(frozen=True)
class Sample:
    """One sample: its metric's name, its labels and its value."""

    name: str
    labels: Mapping[str, str]
    value: float

    @property
    def key(self) -> str:
        """Name and labels in a stable order."""
        return self.name + "".join(f",{name}={value}" for name, value in sorted(self.labels.items()))


def parse(text: str, names: Collection[str]) -> list[Sample]:
    """The samples of `names` in an exposition; lines that cannot be read are left out."""
    wanted = tuple(names)
    found = []
    for line in text.splitlines():
        if not line.startswith(wanted):
            continue
        if (match := _LINE.match(line)) and match[1] in names:
            labels = {name: _unescape(value) for name, value in _LABEL.findall(match[2] or "")}
            try:
                found.append(Sample(match[1], labels, float(match[3])))
            except ValueError:
                continue
    return found


async def scrape(client: httpx.AsyncClient, url: str, names: Collection[str]) -> list[Sample]:
    """The samples of `names` that `url` gives now.

    Raises:
        httpx.HTTPError: it does not answer, or not with 200.
    """
    answer = await client.get(url)
    answer.raise_for_status()
    return parse(answer.text, names)


def _unescape(value: str) -> str:
    return re.sub(r"\\[\\\"n]", lambda match: _ESCAPES[match[0]], value) if "\\" in value else value
