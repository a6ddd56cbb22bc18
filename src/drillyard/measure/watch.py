"""All sources of one range over one window: begin, sample in the background, end."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field

from drillyard.base.clock import monotonic
from drillyard.measure.reading import Gap, Reading, Window
from drillyard.measure.site import Site
from drillyard.measure.source import EVERY_S, Sheet, Source
from drillyard.measure.sources import source_types

PATIENCE_S = 6.0
"""So long sources are waited for that do not answer; in later windows only briefly."""
SHORT_PATIENCE_S = 1.0
EARLY_S = 0.3
"""A snapshot that was taken so much before the last one is taken again: a window begins with all of them."""


@dataclass(frozen=True)
class Sheets:
    """What all sources gave for one window."""

    readings: dict[str, Reading] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()


class Watch:
    """The sources of one range. Not for two windows at once.

    A source that does not answer within `patience_s` gives a gap; it is waited for less the next time.
    """

    def __init__(
        self, site: Site, types: Sequence[type[Source]] | None = None, *, patience_s: float = PATIENCE_S
    ) -> None:
        chosen = source_types() if types is None else types
        self._patience_s = patience_s
        self._sources = [make(site) for make in chosen]
        self._broken: dict[str, str] = {}
        self._slow: set[str] = set()
        self._sampler: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Take every source's first snapshot and start sampling.

        Where one was waited for, the others would have counted meanwhile what came before the window, so
        theirs are taken anew.
        """
        self._broken = {}
        took_s = await asyncio.gather(*(self._step(source, source.begin()) for source in self._sources))
        early = [
            source
            for source, its_s in zip(self._sources, took_s, strict=True)
            if self._works(source) and max(took_s) - its_s > EARLY_S
        ]
        await asyncio.gather(*(self._step(source, source.begin()) for source in early))
        self._sampler = asyncio.create_task(self._sample())

    async def end(self, window: Window, requests: int) -> Sheets:
        """Take every source's last snapshot; `requests` is what customers sent in `window`."""
        await self._stop_sampling()
        sheets = [(source, Sheet(window, requests, source.describes)) for source in self._sources]
        await asyncio.gather(
            *(self._step(source, source.end(sheet)) for source, sheet in sheets if self._works(source))
        )
        readings: dict[str, Reading] = {}
        gaps: list[Gap] = []
        for source, sheet in sheets:
            gaps += sheet.gaps
            if source.name in self._broken:
                gaps += [Gap(prefix, self._broken[source.name]) for prefix in _prefixes(source)]
            else:
                readings |= sheet.readings
        return Sheets(readings, tuple(gaps))

    async def close(self) -> None:
        """Stop sampling and close every source."""
        await self._stop_sampling()
        await asyncio.gather(*(source.close() for source in self._sources), return_exceptions=True)

    def _works(self, source: Source) -> bool:
        return source.name not in self._broken

    async def _step(self, source: Source, call: Coroutine[None, None, None]) -> float:
        """Wait for a source; gives how long that took, in seconds."""
        patience_s = (
            min(self._patience_s, SHORT_PATIENCE_S) if source.name in self._slow else self._patience_s
        )
        began = monotonic()
        try:
            async with asyncio.timeout(patience_s):
                await call
        except TimeoutError:
            self._slow.add(source.name)
            self._broken[source.name] = f"{source.name} did not answer within {patience_s:g} s"
        except Exception as error:  # any failure of one source is a gap of that source, said in full
            self._broken[source.name] = f"{source.name} could not be read: {_short(error)}"
        return monotonic() - began

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await asyncio.gather(
                *(self._step(source, source.sample()) for source in self._sources if self._works(source))
            )

    async def _stop_sampling(self) -> None:
        if self._sampler is not None:
            self._sampler.cancel()
            await asyncio.gather(self._sampler, return_exceptions=True)
            self._sampler = None


def _prefixes(source: Source) -> Iterable[str]:
    return dict.fromkeys(described.name.partition("<")[0] for described in source.describes)


def _short(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
