"""Looks at the drill while an experiment runs, one after the other, in a thread of their own."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import httpx

from drillyard.assess.experiments.course import SERVED
from drillyard.base.clock import monotonic, wall
from drillyard.base.errors import DrillyardError
from drillyard.chaos.seen import FaultSpan, Look, samples
from drillyard.drill.client import Client
from drillyard.drill.events import FaultEnded, FaultInjected
from drillyard.drill.fault_views import FaultsView
from drillyard.drill.readings_now import ReadingsView
from drillyard.drill.views import TimelineView

LOOK_S = 2.0
_AGAIN_S = 1.0
_LOOK_AGAIN_S = 0.2
SUCCESS = "requests.success_ratio"
_LEAVE_S = 5.0
"""So long the last look is waited for; one that hangs in a broken shop holds nobody up."""
_NO_ANSWER = (DrillyardError, httpx.HTTPError)


class Watcher(Protocol):
    """Where looks come from. Its methods raise `DrillyardError` or `httpx.HTTPError` when nobody answers."""

    def look(self) -> Look:
        """Look for some seconds."""

    def faults(self, since: float) -> Sequence[FaultSpan]:
        """The faults that are on or were on since then (seconds since the epoch)."""

    def end(self, fault: FaultSpan) -> None:
        """End one that is on."""


class DrillWatcher:
    """Looks at a drill through its daemon."""

    def __init__(self, client: Client, names: Sequence[str]) -> None:
        self._client = client
        self._names = names

    def look(self) -> Look:
        """Readings over `LOOK_S`, and the faults that are on afterwards."""
        found = self._client.get("/readings", ReadingsView, seconds=LOOK_S)
        picked = samples(found.readings, self._names, found.ended - found.began)
        return Look(found.began, found.ended, picked, tuple(self._on()))

    def faults(self, since: float) -> list[FaultSpan]:
        """By the drill's timeline, which knows of each when it began and ended; one that is just being put in
        is not in it yet.
        """
        on = {each.number: each for each in self._on()}
        spans: list[FaultSpan] = []
        for entry in self._client.get("/timeline", TimelineView).entries:
            match entry.event:
                case FaultInjected(number=number, fault=fault, parameters=parameters):
                    spans.append(FaultSpan(number, fault, entry.at, None, parameters))
                case FaultEnded(number=number):
                    spans = [_ended(each, number, entry.at) for each in spans]
        known = {each.number for each in spans if each.ended is None}
        over = [each for each in spans if each.ended is not None and each.ended >= since]
        still = [each for each in spans if each.ended is None and each.number in on]
        return [*over, *still, *(each for each in on.values() if each.number not in known)]

    def end(self, fault: FaultSpan) -> None:
        """End it, by its number."""
        self._client.delete(f"/faults/{fault.number}", FaultsView)

    def _on(self) -> list[FaultSpan]:
        views = self._client.get("/faults", FaultsView).on
        return [FaultSpan(each.number, each.fault, each.began, None, each.parameters) for each in views]


def _ended(span: FaultSpan, number: int, at: float) -> FaultSpan:
    return replace(span, ended=at) if span.number == number and span.ended is None else span


def _all_well(look: Look) -> bool:
    served = look.samples.get(SUCCESS)
    return served is not None and served.value >= SERVED and not look.faults


class Feed:
    """A watcher's looks, from `start` to `stop`; each is told to `on_look` as it comes."""

    def __init__(self, watcher: Watcher, on_look: Callable[[Look], None] = lambda _look: None) -> None:
        self.looks: list[Look] = []
        self._watcher = watcher
        self._on_look = on_look
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="readings", daemon=True)

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def stop(self) -> None:
        """No look after this one; it is waited for, but not for long, nor over another Ctrl-C."""
        self._over.set()
        with contextlib.suppress(KeyboardInterrupt):
            self._thread.join(_LEAVE_S)

    def until_served(self, since: float, within_s: float) -> None:
        """Go on until a look that began after `since` has seen customers served with no fault on; bounded.
        Not at all where no customers come.
        """
        ends = monotonic() + within_s
        while any(SUCCESS in look.samples for look in list(self.looks)) and monotonic() < ends:
            if any(look.began >= since and _all_well(look) for look in list(self.looks)):
                return
            time.sleep(_LOOK_AGAIN_S)

    def _run(self) -> None:
        while not self._over.is_set():
            began = wall()
            try:
                look = self._watcher.look()
            except _NO_ANSWER as error:
                look = Look(began, wall(), {}, why_not=str(error).strip() or type(error).__name__)
                self._over.wait(_AGAIN_S)
            self.looks.append(look)
            self._on_look(look)
