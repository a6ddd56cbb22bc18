"""What can happen in a drill. The timeline keeps these, in order, for ever.

Every event is a small frozen model with a `kind`; adding a field with a default keeps old stores readable.
`told` says in words what happened, and `by` whether the learner did it; what a report leaves out says
nothing.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    by: ClassVar[Literal["learner", "range"]] = "learner"

    def told(self) -> str:
        """What happened, in words; empty where nobody needs to read it."""
        return self._told()

    def _told(self) -> str:
        return ""


class Activity(_Event):
    """The learner did something: the command they ran. Drives the clock of active time."""

    kind: Literal["activity"] = "activity"
    command: str

    def _told(self) -> str:
        return f"drill {self.command}"


class DaemonStarted(_Event):
    """A daemon took the drill over; `recovered` when the one before it ended without saying so."""

    by = "range"
    kind: Literal["daemon-started"] = "daemon-started"
    pid: int
    recovered: bool = False

    def _told(self) -> str:
        return "the drill was taken up again after its daemon had died" if self.recovered else ""


class DaemonStopped(_Event):
    """The daemon ended in order."""

    kind: Literal["daemon-stopped"] = "daemon-stopped"


class RangeStarted(_Event):
    """The range serves customers; `took_s` from the order to the first page through the load balancer."""

    by = "range"
    kind: Literal["range-started"] = "range-started"
    took_s: float

    def _told(self) -> str:
        return f"the range is up after {self.took_s:.1f} s"


class Paused(_Event):
    """The range was stopped with all its data kept."""

    kind: Literal["paused"] = "paused"

    def _told(self) -> str:
        return "paused"


class Resumed(_Event):
    """The range was started again after a pause."""

    kind: Literal["resumed"] = "resumed"

    def _told(self) -> str:
        return "resumed"


class Stopped(_Event):
    """The drill is over; its results stay readable."""

    kind: Literal["stopped"] = "stopped"

    def _told(self) -> str:
        return "stopped"


class Reset(_Event):
    """Back to the start state; progress and active time count from here."""

    kind: Literal["reset"] = "reset"
    keep_notes: bool = False

    def _told(self) -> str:
        return "reset to the start state"


class ComponentEvent(_Event):
    """A component of the range died, was started again, or could not be."""

    by = "range"
    kind: Literal["component"] = "component"
    what: str
    component: str
    detail: str = ""

    def _told(self) -> str:
        return f"{self.component}: {self.what}" + (f" ({self.detail})" if self.detail else "")


class Applied(_Event):
    """Files of the workspace were put to use, and what was reloaded for it. `took_s` until then; stores of
    before have 0.
    """

    kind: Literal["applied"] = "applied"
    files: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    took_s: float = 0.0

    def _told(self) -> str:
        return f"applied {', '.join(self.files)}: {', '.join(self.actions)}" if self.files else ""


class ApplyRefused(_Event):
    """Files of the workspace were refused; nothing was changed."""

    kind: Literal["apply-refused"] = "apply-refused"
    problems: tuple[str, ...] = ()

    def _told(self) -> str:
        return f"apply refused: {'; '.join(self.problems)}"


class ApplyFailed(_Event):
    """An apply was interrupted or did not come up, and what ran before was put back, in `took_s`; components
    may have been restarted for it.
    """

    kind: Literal["apply-failed"] = "apply-failed"
    took_s: float = 0.0

    def _told(self) -> str:
        return "apply failed, and what ran before was put back"


class TrafficChanged(_Event):
    """The background traffic was set to a rate (requests per second); 0 means stopped."""

    kind: Literal["traffic-changed"] = "traffic-changed"
    rate: float

    def _told(self) -> str:
        return f"customers: {self.rate:g} requests a second"


class MeasurementKept(_Event):
    """A measurement was made and kept."""

    kind: Literal["measurement-kept"] = "measurement-kept"
    measurement: str

    def _told(self) -> str:
        return f"measured as {self.measurement}"


class TaskChecked(_Event):
    """A task was judged: `pass`, `fail` or `inconclusive`."""

    kind: Literal["task-checked"] = "task-checked"
    task: str
    outcome: str

    def _told(self) -> str:
        return f"task {self.task} checked: {self.outcome}"


class HintTaken(_Event):
    """A hint was shown for the first time; `cost` in points."""

    kind: Literal["hint-taken"] = "hint-taken"
    task: str
    tier: int
    cost: float

    def _told(self) -> str:
        return f"hint read: {self.task}, tier {self.tier} ({self.cost:g} points)"


class NoteWritten(_Event):
    """The learner wrote a note."""

    kind: Literal["note-written"] = "note-written"
    text: str

    def _told(self) -> str:
        return f"note: {self.text}"


class Submitted(_Event):
    """A submission was judged."""

    kind: Literal["submitted"] = "submitted"
    attempt: int
    outcome: str

    def _told(self) -> str:
        return f"submission {self.attempt}: {self.outcome}"


class DebriefRead(_Event):
    """The flaws that were planted and the debrief were shown, before a submission passed."""

    kind: Literal["debrief-read"] = "debrief-read"

    def _told(self) -> str:
        return "read what was planted, and the debrief"


class DisasterStruck(_Event):
    """Something happened to the shop. What, is told when it is over."""

    by = "range"
    kind: Literal["disaster-struck"] = "disaster-struck"
    number: int
    graded: bool

    def _told(self) -> str:
        return f"disaster {self.number} struck" + (" (graded)" if self.graded else "")


class RecoveryLooked(_Event):
    """A disaster is over: what it was, how long customers were away (None: they still are), what is lost."""

    kind: Literal["recovery-looked"] = "recovery-looked"
    number: int
    disaster: str
    recovery_s: float | None
    recovery_point_s: float
    lost: int

    def _told(self) -> str:
        took = "customers are still away" if self.recovery_s is None else f"{self.recovery_s:.1f} s away"
        lost = f"{self.lost} orders lost, {self.recovery_point_s:.1f} s" if self.lost else "no order lost"
        return f"disaster {self.number} ({self.disaster}) is over: {took}, {lost}"


class FaultInjected(_Event):
    """A fault was put into the range."""

    kind: Literal["fault-injected"] = "fault-injected"
    number: int
    fault: str
    parameters: dict[str, JsonValue] = {}
    duration_s: float = 0.0

    def _told(self) -> str:
        with_what = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"fault {self.number}: {self.fault} ({with_what}) for {self.duration_s:g} s"


class FaultEnded(_Event):
    """A fault is over; `why` also says when it could not be undone yet."""

    by = "range"
    kind: Literal["fault-ended"] = "fault-ended"
    number: int
    fault: str
    why: str = ""

    def _told(self) -> str:
        return f"fault {self.number} ({self.fault}) is over: {self.why}"


class OperationEnded(_Event):
    """Long work ended: `done`, `failed`, `cancelled` or `interrupted` (its daemon died)."""

    kind: Literal["operation-ended"] = "operation-ended"
    operation: int
    operation_kind: str
    state: str


Event = Annotated[
    Activity
    | DaemonStarted
    | DaemonStopped
    | RangeStarted
    | Paused
    | Resumed
    | Stopped
    | Reset
    | ComponentEvent
    | Applied
    | ApplyRefused
    | ApplyFailed
    | TrafficChanged
    | MeasurementKept
    | TaskChecked
    | HintTaken
    | NoteWritten
    | Submitted
    | DebriefRead
    | DisasterStruck
    | RecoveryLooked
    | FaultInjected
    | FaultEnded
    | OperationEnded,
    Field(discriminator="kind"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class Entry(BaseModel):
    """One line of the timeline: `index` counts from 1 without gaps, `at` is seconds since the epoch."""

    model_config = ConfigDict(frozen=True)

    index: int
    at: float
    event: Event
