"""What the API shows of a drill. Clients draw these and keep nothing."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from drillyard.drill.events import Entry
from drillyard.drill.fault_views import FaultView
from drillyard.drill.wire import OperationView

DrillState = Literal["starting", "running", "paused", "stopped", "down"]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ComponentView(_View):
    """One process of the range; `why` says what is wrong with it; `memory` is its PSS in bytes."""

    name: str
    state: str
    pid: int | None = None
    why: str = ""
    restarts: int = 0
    memory: int = 0


class CustomersView(_View):
    """How the shop feels for customers: the last seconds of the background traffic, one figure a second.

    `rate` is requests a second, `failed` the share (0 to 1) that got no good answer, the percentiles are the
    median second of the last `window_s`; `p95_history_ms` is for a small chart.
    """

    window_s: float
    rate: float
    failed: float
    p50_ms: float | None
    p95_ms: float | None
    p95_history_ms: list[float] = []
    late_ms: float = 0.0


class TaskView(_View):
    """One task: `outcome` of its latest check since the last reset, None when it was not judged yet."""

    number: int
    id: str
    title: str
    outcome: str | None
    self_assessed: bool


class StatusView(_View):
    """All that `drill status` shows. Times in seconds; `traffic_rate` is what is sent, 0 for none."""

    name: str
    scenario: str
    title: str
    variant: str
    state: DrillState
    since: float
    workspace: str
    url: str
    components: list[ComponentView]
    traffic_rate: float
    customers: CustomersView | None
    tasks: list[TaskView]
    hints_cost: float
    active_s: float
    duration_s: float
    operation: OperationView | None
    attempt_state: str | None
    unapplied: list[str]
    next_step: str
    recovered: str = ""
    disaster_since: float | None = None
    """When the disaster struck that is not over (seconds since the epoch); None without one."""
    faults: list[FaultView] = []
    """Those that are on."""
    warnings: list[str] = []


class AccessView(_View):
    """Where everything is and how to get in, as the learner does; `dsn` is the shop administrator's."""

    shop: str
    prometheus: str
    alertmanager: str
    haproxy: str
    dsn: str
    psql: str | None
    psql_env: dict[str, str]
    valkey_host: str
    valkey_port: int
    workspace: str


class TaskPageView(_View):
    """A task's page, Markdown."""

    id: str
    title: str
    page: str


class BriefView(_View):
    """The scenario's brief and its tasks."""

    title: str
    objective: str
    brief: str
    tasks: list[TaskView]
    workspace: str
    url: str


class HintView(_View):
    """One hint that was taken; `left` are the tiers still unread, with what each costs (points of 100)."""

    task: str
    tier: int
    cost: float
    text: str
    new: bool
    left: list[float]


class HintsView(_View):
    """The hints of a task: those read, and the price of the next."""

    task: str
    read: list[HintView]
    next_cost: float | None


class HintRequest(_View):
    """Ask for the next hint of a task."""

    task: str


class NoteRequest(_View):
    """Write a note."""

    text: str


class NoteView(_View):
    """One note."""

    id: int
    at: float
    text: str


class NotesView(_View):
    """All notes, oldest first."""

    notes: list[NoteView]


class TimelineView(_View):
    """The timeline."""

    entries: list[Entry]


class OperationsView(_View):
    """All operations, oldest first."""

    operations: list[OperationView]


class MeasurementLine(_View):
    """One kept measurement."""

    id: str
    at: float
    label: str
    purpose: str


class MeasurementsView(_View):
    """All kept measurements, oldest first."""

    measurements: list[MeasurementLine]


class AttemptView(_View):
    """One submission that was judged; `points` of 100, None where nothing could be measured."""

    number: int
    at: float
    outcome: str
    points: float | None


class ReportView(_View):
    """The report of a submission: Markdown for people, `data` is the signed file (docs/report.schema.json).

    `files` are where the daemon wrote it; `attempts` all submissions of the drill, `best` the number of the
    best of them.
    """

    attempt: int
    outcome: str
    points: float | None = None
    markdown: str
    data: str
    files: list[str] = []
    attempts: list[AttemptView] = []
    best: int | None = None


class HistoryLine(_View):
    """One judged submission of one drill; `took_s` is how long the submission itself took."""

    drill: str
    scenario: str
    variant: str
    attempt: int
    at: float
    took_s: float
    outcome: str
    points: float | None


class HistoryView(_View):
    """All of them, oldest first."""

    attempts: list[HistoryLine]


class DebriefRequest(_View):
    """Ask for what was planted, and the debrief."""


class DebriefView(_View):
    """What was planted, and the debrief (Markdown)."""

    planted: list[str]
    debrief: str


class Acknowledged(_View):
    """It is done and on disk."""

    ok: bool = True


class StartedView(_View):
    """What a start gave: `took_s` from the order to the first page through the load balancer."""

    name: str
    variant: str
    url: str
    workspace: str
    took_s: float
    warnings: list[str] = []


class AppliedView(_View):
    """What an apply did; all are empty when nothing had changed. `notices` are worth a look."""

    files: list[str]
    actions: list[str]
    notices: list[str] = []


class FigureRow(_View):
    """One figure of a measurement: the learner's value with its interval, the twin's, and their paired ratio.

    None where the windows were too few or too unlike for it; `windows` are the learner's values one by one.
    """

    name: str
    unit: str
    value: float
    low: float | None
    high: float | None
    twin: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    windows: list[float]
    source: str


class FiguresView(_View):
    """A measurement; `troubles` say why windows of it prove nothing."""

    id: str
    at: float
    label: str
    purpose: str
    complete: bool
    rows: list[FigureRow]
    troubles: list[str] = []


class ChangeRow(_View):
    """One figure in two measurements. `ratio` is after / before with its interval, on the `basis` named."""

    name: str
    unit: str
    before: float
    after: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    basis: str
    different: bool


class ComparisonView(_View):
    """Two measurements side by side."""

    before: str
    after: str
    rows: list[ChangeRow]


class EvidenceView(_View):
    """What was measured, beside what was asked of it."""

    what: str
    status: str
    value: float | None
    low: float | None
    high: float | None
    threshold: str
    unit: str
    source: str
    look_next: str
    reason: str
    aside: bool = False


class VerdictView(_View):
    """One check's verdict; `when` is how it has to hold: at the end, once, for some seconds."""

    id: str
    title: str
    when: str = ""
    status: str
    reason: str
    our_bug: bool
    evidence: list[EvidenceView]


class TaskVerdictView(_View):
    """One task's verdict: `fail` when any check fails, else `inconclusive` when any is, else `pass`."""

    task: str
    title: str
    outcome: str
    checks: list[VerdictView]
    self_assessed: str = ""
    kept: bool = True
    """Whether what had to hold all along did not fail beside it."""


class ShellView(_View):
    """How a command of the operators runs: its whole environment, where, and as whom (None: as you)."""

    environment: dict[str, str]
    directory: str
    user: int | None
    group: int | None


class CheckedView(_View):
    """What a check gave, task by task; `invariants` is among them as a task of its own."""

    outcome: str
    tasks: list[TaskVerdictView]
    measurement: str
