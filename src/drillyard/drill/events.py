"""What can happen in a drill. The timeline keeps these, in order, for ever.

Every event is a small frozen model with a `kind`; adding a field with a default keeps old stores readable.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Activity(_Event):
    """The learner did something: the command they ran. Drives the clock of active time."""

    kind: Literal["activity"] = "activity"
    command: str


class DaemonStarted(_Event):
    """A daemon took the drill over; `recovered` when the one before it ended without saying so."""

    kind: Literal["daemon-started"] = "daemon-started"
    pid: int
    recovered: bool = False


class DaemonStopped(_Event):
    """The daemon ended in order."""

    kind: Literal["daemon-stopped"] = "daemon-stopped"


class RangeStarted(_Event):
    """The range serves customers; `took_s` from the order to the first page through the load balancer."""

    kind: Literal["range-started"] = "range-started"
    took_s: float


class Paused(_Event):
    """The range was stopped with all its data kept."""

    kind: Literal["paused"] = "paused"


class Resumed(_Event):
    """The range was started again after a pause."""

    kind: Literal["resumed"] = "resumed"


class Stopped(_Event):
    """The drill is over; its results stay readable."""

    kind: Literal["stopped"] = "stopped"


class Reset(_Event):
    """Back to the start state; progress and active time count from here."""

    kind: Literal["reset"] = "reset"
    keep_notes: bool = False


class ComponentEvent(_Event):
    """A component of the range died, was started again, or could not be."""

    kind: Literal["component"] = "component"
    what: str
    component: str
    detail: str = ""


class Applied(_Event):
    """Files of the workspace were put to use, and what was reloaded for it."""

    kind: Literal["applied"] = "applied"
    files: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()


class ApplyRefused(_Event):
    """Files of the workspace were refused; nothing was changed."""

    kind: Literal["apply-refused"] = "apply-refused"
    problems: tuple[str, ...] = ()


class TrafficChanged(_Event):
    """The background traffic was set to a rate (requests per second); 0 means stopped."""

    kind: Literal["traffic-changed"] = "traffic-changed"
    rate: float


class MeasurementKept(_Event):
    """A measurement was made and kept."""

    kind: Literal["measurement-kept"] = "measurement-kept"
    measurement: str


class TaskChecked(_Event):
    """A task was judged: `pass`, `fail` or `inconclusive`."""

    kind: Literal["task-checked"] = "task-checked"
    task: str
    outcome: str


class HintTaken(_Event):
    """A hint was shown for the first time; `cost` in points."""

    kind: Literal["hint-taken"] = "hint-taken"
    task: str
    tier: int
    cost: float


class NoteWritten(_Event):
    """The learner wrote a note."""

    kind: Literal["note-written"] = "note-written"
    text: str


class Submitted(_Event):
    """A submission was judged."""

    kind: Literal["submitted"] = "submitted"
    attempt: int
    outcome: str


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
    | TrafficChanged
    | MeasurementKept
    | TaskChecked
    | HintTaken
    | NoteWritten
    | Submitted
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
