"""Runs an experiment as the toolkit's own command does, and keeps what was read of the shop meanwhile."""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from chaoslib.configuration import load_configuration
from chaoslib.control import load_global_controls
from chaoslib.exceptions import ChaosException
from chaoslib.experiment import run_experiment
from chaoslib.notification import RunFlowEvent, notify
from chaoslib.settings import load_settings
from chaoslib.types import Strategy

from drillyard.assess.experiments.activities import calls
from drillyard.assess.experiments.course import WELL_WITHIN_S
from drillyard.base.clock import wall
from drillyard.base.errors import DrillyardError, UserError
from drillyard.chaos.feed import Feed, Watcher
from drillyard.chaos.journals import Journal
from drillyard.chaos.loading import Experiment
from drillyard.chaos.seen import FaultSpan, Look, Seen, seen
from drillyard.chaos.steps import Steps
from drillyard.chaos.toolkit_log import LOG
from drillyard.drill.places import Places
from drillyard.faults.catalog import function_of

Settings = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """A run that is over. `ended` are faults that it had put in and that were ended because it was
    interrupted or torn down; `left` says of those that could not be.
    """

    journal: Journal
    seen: Seen
    ended: tuple[FaultSpan, ...] = ()
    left: str = ""


def settings_here() -> Settings:
    """The user's settings of the toolkit; controls that are global in them are loaded."""
    settings: Settings = load_settings() or {}
    load_global_controls(settings)
    return settings


def drill_of(experiment: Experiment) -> str | None:
    """The drill that the experiment's configuration names.

    Raises:
        UserError: the configuration cannot be read, such as for a variable that is not set.
    """
    try:
        named = load_configuration(experiment.get("configuration", {})).get("drill")
    except ChaosException as error:
        raise UserError(
            f"The experiment's configuration cannot be read: {error}",
            where="configuration",
            next_step="What it takes from the environment has to be set there, or have a `default`.",
        ) from error
    return named if isinstance(named, str) and named else None


def act_on(experiment: Experiment, drill: str) -> None:
    """Name the drill in the experiment's configuration, as if its author had."""
    experiment.setdefault("configuration", {})["drill"] = drill


@contextmanager
def alone(places: Places) -> Iterator[None]:
    """Keep other runs from a drill while the block lasts: each would end the other's faults, and be held
    against the other's.

    Raises:
        UserError: one runs already.
    """
    descriptor = os.open(places.private / "experiment.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                "An experiment runs on this drill already",
                where=places.name,
                next_step="Wait for its end, or interrupt it: Ctrl-C where it was started.",
            ) from None
        yield
    finally:
        os.close(descriptor)


def run(
    experiment: Experiment,
    watcher: Watcher,
    steps: Steps,
    *,
    settings: Settings | None = None,
    on_look: Callable[[Look], None] = lambda _look: None,
) -> Ran:
    """Run an experiment to its end, whatever that is: once it has begun, Ctrl-C raises nothing and ends it.

    Raises:
        UserError: it did not begin; says why.
    """
    began = wall()
    feed = Feed(watcher, on_look)
    feed.start()
    try:
        journal = _journal(experiment, {} if settings is None else settings, steps)
        ended, left = _end_its_faults(experiment, watcher, began) if _is_cut(journal) else ((), "")
        if journal["status"] != "interrupted":
            _look_after(feed)
    finally:
        feed.stop()
    return Ran(journal, seen(began, wall(), feed.looks, _faults(watcher, feed, began)), ended, left)


def _is_cut(journal: Journal) -> bool:
    """Whether the toolkit has rolled nothing back: it does not after these."""
    return journal["status"] in ("interrupted", "aborted", "failed")


def _look_after(feed: Feed) -> None:
    """See that the shop is back; Ctrl-C is in a hurry."""
    with suppress(KeyboardInterrupt):
        feed.until_served(wall(), WELL_WITHIN_S)


def _journal(experiment: Experiment, settings: Settings, steps: Steps) -> Journal:
    """As `chaos run` makes it."""
    notify(settings, RunFlowEvent.RunStarted, experiment)
    experiment["dry"] = None
    strategy = _strategy(experiment, settings)
    try:
        journal: Journal = run_experiment(
            experiment, settings=settings, strategy=strategy, event_handlers=[steps]
        )
    except KeyboardInterrupt:
        journal = _torn_down(steps, "interrupted")
    except Exception as error:
        if steps.journal is None:
            raise UserError(
                f"The experiment did not begin: {error}",
                next_step="Are its configuration and secrets what they have to be? See: drill chaos validate",
            ) from error
        LOG.error("the run was torn down", exc_info=True)
        journal = _torn_down(steps, "aborted")
    _notify_end(settings, journal)
    return journal


def _torn_down(steps: Steps, status: str) -> Journal:
    """The journal of a run that the toolkit gave up."""
    if steps.journal is None:
        raise KeyboardInterrupt
    steps.journal["status"] = status
    return steps.journal


def _notify_end(settings: Settings, journal: Journal) -> None:
    completed = journal["status"] == "completed"
    notify(settings, RunFlowEvent.RunCompleted if completed else RunFlowEvent.RunFailed, journal)
    if journal["deviated"]:
        notify(settings, RunFlowEvent.RunDeviated, journal)


def _strategy(experiment: Experiment, settings: Settings) -> Strategy:
    """The runtime's strategies: the experiment's, else the settings', else the toolkit's own.

    Raises:
        UserError: there is no such strategy.
    """
    runtime = settings.setdefault("runtime", {})
    for part in ("rollbacks", "hypothesis"):
        runtime.setdefault(part, {}).setdefault("strategy", "default")
        if own := experiment.get("runtime"):
            runtime[part]["strategy"] = own.get(part, {}).get("strategy", "default")
    named = runtime["hypothesis"]["strategy"]
    try:
        return Strategy.from_string("continuously" if named == "continously" else named)
    except ValueError:
        raise UserError(
            f"There is no strategy `{named}` for the hypothesis",
            where="runtime.hypothesis.strategy",
            next_step="There are: default, before-method-only, after-method-only, during-method-only,"
            " continuously.",
        ) from None


def _end_its_faults(
    experiment: Experiment, watcher: Watcher, began: float
) -> tuple[tuple[FaultSpan, ...], str]:
    """End the faults that the run put in: of the kinds that it names, begun since; the last first. What is in
    the way of that comes second; another Ctrl-C is.
    """
    named = {call.function for call in calls(experiment) if call.breaks}

    def still_on() -> list[FaultSpan]:
        since = (each for each in watcher.faults(began) if each.ended is None and each.began >= began)
        return [each for each in since if function_of(each.fault) in named]

    ended: tuple[FaultSpan, ...] = ()
    why = ""
    try:
        for fault in reversed(still_on()):
            try:
                watcher.end(fault)
                ended = (*ended, fault)
            except DrillyardError as error:  # its time may have come meanwhile
                why = str(error)
        return ended, why if still_on() else ""
    except (DrillyardError, httpx.HTTPError) as error:
        return ended, str(error)
    except KeyboardInterrupt:
        return ended, "interrupted again"


def _faults(watcher: Watcher, feed: Feed, began: float) -> Iterable[FaultSpan]:
    """When they were on; by the looks alone when nobody answers any more."""
    try:
        return watcher.faults(began)
    except (DrillyardError, httpx.HTTPError):
        spans: dict[int, FaultSpan] = {}
        for look in feed.looks:
            for fault in look.faults:
                spans[fault.number] = FaultSpan(
                    fault.number, fault.fault, fault.began, look.ended, fault.parameters
                )
        return spans.values()
