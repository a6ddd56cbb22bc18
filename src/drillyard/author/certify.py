"""Certify: prove that a scenario is unsolved at the start, can be solved, and is hard to cheat."""

import shutil
import signal
import tempfile
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from drillyard.assess.invariants import invariants
from drillyard.author.keeping import keep
from drillyard.author.player import Player, PlayError, Said, Stopping
from drillyard.author.rows import Case, Kind, Played, Proof
from drillyard.author.verdicts import judged, moved
from drillyard.base.clock import monotonic
from drillyard.base.errors import ExitCode
from drillyard.measure.paired import CONFIDENCE
from drillyard.measure.wilson import wilson
from drillyard.scenario.scenario import Scenario

Report = Callable[[Played], None]


@dataclass(frozen=True)
class Certificate:
    """Everything that was played."""

    scenario: str
    played: tuple[Played, ...]
    code: str = ""
    """Digest of what was played (`author/results.py`); empty where nothing is kept."""

    @property
    def repeated(self) -> dict[str, tuple[str, ...]]:
        """The outcomes of every row that was played more than once on one variant."""
        outcomes: dict[str, list[str]] = defaultdict(list)
        for each in self.played:
            outcomes[f"{each.case.row} on {each.case.variant}"].append(each.outcome)
        return {row: tuple(found) for row, found in outcomes.items() if len(found) > 1}

    @property
    def flips(self) -> dict[str, tuple[str, ...]]:
        """Those of `repeated` whose outcomes disagreed."""
        return {row: found for row, found in self.repeated.items() if len(set(found)) > 1}

    @property
    def flip_rate(self) -> tuple[float, float, float]:
        """Share of the repeated rows that disagreed, with its interval (Wilson, 95 %); 0, 0, 1 for none."""
        rows = len(self.repeated)
        rate = len(self.flips) / rows if rows else 0.0
        return (rate, *wilson(rate, rows, CONFIDENCE))

    @property
    def seconds(self) -> float:
        """Time that the rows took, added up."""
        return sum(each.seconds for each in self.played)

    @property
    def exit_code(self) -> ExitCode:
        """OK only when every row was proven; one that is wrong or broken outweighs one in doubt."""
        proofs = {each.proof for each in self.played}
        if not proofs or proofs & {Proof.WRONG, Proof.BROKEN}:
            return ExitCode.FAILED
        return ExitCode.INCONCLUSIVE if Proof.INCONCLUSIVE in proofs else ExitCode.OK


@dataclass(frozen=True)
class Settings:
    """How to play: `how` is `submit` (everything measured anew) or `check` (quicker); `scale` of the data.

    `keep` is a directory for what tells why a row is not as it must be, one below it for each.
    """

    how: str = "submit"
    jobs: int = 1
    scale: float | None = None
    keep: Path | None = None


def certify(
    scenario: Scenario,
    cases: Sequence[Case],
    settings: Settings,
    report: Report,
    earlier: Mapping[str, Played] | None = None,
) -> Certificate:
    """Play `cases`, `settings.jobs` at a time; `report` hears of each as it ends.

    What `earlier` has by its key is not played again. Whoever ends this by an exception (a signal, Ctrl-C)
    has every drill ended first.
    """
    # Short, and reachable by the account that services run under.
    directory = Path(tempfile.mkdtemp(prefix="certify-"))
    directory.chmod(0o755)

    stopping = Stopping()

    def one(numbered: tuple[int, Case]) -> Played:
        number, case = numbered
        if known := (earlier or {}).get(case.key):
            return replace(known, case=case)
        played = play(scenario, case, settings, directory / str(number), stopping)
        report(played)
        return played

    try:
        with ThreadPoolExecutor(settings.jobs) as pool:
            try:
                return Certificate(scenario.slug, tuple(pool.map(one, enumerate(cases))))
            except BaseException:
                with ignored(signal.SIGINT, signal.SIGTERM):
                    stopping.stop()
                    pool.shutdown(cancel_futures=True)
                raise
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def ignored(*signals: signal.Signals) -> Iterator[None]:
    """These signals do nothing inside the block: drills are being ended, and that is bounded."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(each, signal.SIG_IGN) for each in signals]
    try:
        yield
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


def play(scenario: Scenario, case: Case, settings: Settings, directory: Path, stopping: Stopping) -> Played:
    """Play one case in `directory` and leave nothing running."""
    directory.mkdir(parents=True)
    player = Player(directory, f"c{directory.name}", stopping)
    begun = monotonic()
    try:
        try:
            played = _judged(scenario, case, settings, player, begun)
            if settings.keep and played.proof is not Proof.PROVEN:
                with suppress(OSError):  # what tells of a row must not decide about it
                    keep(directory, settings.keep / scenario.slug / case.key, f"{played.proof}: {played.why}")
            return played
        finally:
            player.end()
    except Exception as error:
        return _broken(case, error, begun)


def _judged(scenario: Scenario, case: Case, settings: Settings, player: Player, begun: float) -> Played:
    """One case that breaks must not end the others."""
    try:
        return _play(scenario, case, settings, player, begun)
    except Exception as error:
        return _broken(case, error, begun)


def _broken(case: Case, error: Exception, begun: float) -> Played:
    """What broke it is its reason: a command in its own words, a fault of ours by its traceback."""
    why = str(error) if isinstance(error, PlayError) else "".join(traceback.format_exception(error))
    return Played(case, Proof.BROKEN, "broken", why, monotonic() - begun)


def _play(scenario: Scenario, case: Case, settings: Settings, player: Player, begun: float) -> Played:
    player.start(str(scenario.directory), case.variant, settings.scale)
    repairs_only = case.kind in (Kind.FLAW, Kind.RESET) or settings.how == "check"
    arguments = ["--repair-only"] if repairs_only and case.kind is not Kind.CHEAT else []
    said = player.play(case.recipe, *arguments) if case.recipe else None
    if case.kind is Kind.CHEAT and said and case.recipe and (text := case.recipe.expectation().refused):
        refused = text in said.output
        proof = Proof.PROVEN if refused else Proof.WRONG
        why = text if refused else f"must be refused with `{text}`"
        return Played(case, proof, "refused" if refused else "allowed", why, monotonic() - begun)
    if case.kind is Kind.FLAW and case.flaw:
        return moved(case, case.flaw, player.measure("repaired"), monotonic() - begun)
    if case.kind is Kind.RESET:
        player.reset()
    task = _task_of(scenario, case) if settings.how == "check" else ""
    said = player.judge(settings.how, task)
    result = judged(case, said, monotonic() - begun)
    if task and result.proof is not Proof.PROVEN and _is_unmeasured(said):
        result = judged(case, player.judge(settings.how), monotonic() - begun)
    return result


def _is_unmeasured(said: Said) -> bool:
    """Whether what was written failed already, so that nothing was measured for a task's other checks."""
    view = said.json()
    return isinstance(view, dict) and view.get("measurement") == ""


def _task_of(scenario: Scenario, case: Case) -> str:
    """The one task that has all the checks that a cheat must fail by (invariants are judged with any task,
    soonest with the fewest checks beside them); "" when there is no such task: all are judged then.
    """
    if case.kind is not Kind.CHEAT or case.recipe is None or not case.recipe.expectation().named:
        return ""
    tasks = sorted(scenario.manifest.tasks, key=lambda task: len(task.checks))
    judged_anyway = {each.id for each in invariants(scenario.manifest)}
    wanted = set(case.recipe.expectation().named) - judged_anyway
    return next((task.id for task in tasks if wanted <= set(task.checks)), "")
