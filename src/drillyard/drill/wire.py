"""What goes over the socket: requests, answers, the events of operations and the one shape of errors."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from drillyard.base.errors import (
    ExitCode,
    InconclusiveError,
    InvalidFilesError,
    MissingPartError,
    NoDrillError,
    UserError,
)


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BusyError(UserError):
    """Another operation has the range; only one at a time can."""

    exit_code = ExitCode.FAILED


class CancelledOperationError(UserError):
    """The operation was interrupted on request."""

    exit_code = ExitCode.INTERRUPTED


class InterruptedOperationError(UserError):
    """The daemon died while the operation ran."""

    exit_code = ExitCode.FAILED


class NotFoundError(UserError):
    """There is no such thing in this drill."""


class BugError(UserError):
    """The daemon hit a fault of its own; `where` names its log."""

    exit_code = ExitCode.BUG


_CODES: dict[str, type[UserError]] = {
    "usage": UserError,
    "invalid-files": InvalidFilesError,
    "missing-part": MissingPartError,
    "no-drill": NoDrillError,
    "inconclusive": InconclusiveError,
    "busy": BusyError,
    "cancelled": CancelledOperationError,
    "interrupted": InterruptedOperationError,
    "not-found": NotFoundError,
    "bug": BugError,
}
_STATUS = {"busy": 409, "not-found": 404, "no-drill": 404, "bug": 500}


class ErrorBody(_Wire):
    """What is wrong (`what`), where it was found, and what to do about it; `code` is stable."""

    code: str
    what: str
    where: str = ""
    next_step: str = ""

    @classmethod
    def of(cls, error: BaseException, *, log: str = "") -> "ErrorBody":
        """The shape of an exception. Anything but a UserError is a bug; `log` says where its traceback is."""
        if not isinstance(error, UserError):
            text = f"{type(error).__name__}: {error}"
            return cls(code="bug", what=text, where=log, next_step="Please report it with that log.")
        for code, kind in reversed(_CODES.items()):
            if isinstance(error, kind):
                return cls(code=code, what=error.what, where=error.where, next_step=error.next_step)
        raise AssertionError(error)

    @property
    def http_status(self) -> int:
        """The HTTP status that goes with it."""
        return _STATUS.get(self.code, 422)

    def to_error(self) -> UserError:
        """The exception that it was made of, for a client to raise."""
        kind = _CODES.get(self.code, UserError)
        if kind is InvalidFilesError:
            error = UserError.__new__(InvalidFilesError)
            UserError.__init__(error, self.what, where=self.where, next_step=self.next_step)
            return error
        return kind(self.what, where=self.where, next_step=self.next_step)


class ErrorAnswer(_Wire):
    """Every answer of the API that is not a success."""

    error: ErrorBody


class Start(_Wire):
    """Bring the range up: after `drill start`, after a pause, after the machine was off."""

    kind: Literal["start"] = "start"


class Apply(_Wire):
    """Validate what changed in the workspace and put it to use."""

    kind: Literal["apply"] = "apply"


class Measure(_Wire):
    """Measure the learner's range beside the untouched twin, and keep it under `label`."""

    kind: Literal["measure"] = "measure"
    label: str = ""


class Check(_Wire):
    """Judge one task; all of them when `task` is empty."""

    kind: Literal["check"] = "check"
    task: str = ""


class Submit(_Wire):
    """Measure everything anew and judge the drill."""

    kind: Literal["submit"] = "submit"


class Reset(_Wire):
    """Back to the start state."""

    kind: Literal["reset"] = "reset"
    keep_notes: bool = False


class Pause(_Wire):
    """Stop the range and keep everything."""

    kind: Literal["pause"] = "pause"


class Stop(_Wire):
    """End the drill."""

    kind: Literal["stop"] = "stop"


class Traffic(_Wire):
    """Set the background traffic in requests per second; 0 stops it, None is the scenario's own rate."""

    kind: Literal["traffic"] = "traffic"
    rate: float | None = Field(default=None, ge=0, le=5000)


class Disaster(_Wire):
    """Let something happen to the shop: `disaster` of that kind, else one that is drawn; `graded` counts.

    With `runbook` the learner's runbook is run when it has happened, and nobody touches anything.
    """

    kind: Literal["disaster"] = "disaster"
    disaster: str = ""
    graded: bool = False
    runbook: bool = False


class Rehearse(_Wire):
    """Run the learner's runbook on empty hosts that have nothing but the off-site storage."""

    kind: Literal["rehearse"] = "rehearse"


class Recovered(_Wire):
    """The learner says that the shop is whole again: measure what it cost, and whether it is."""

    kind: Literal["recovered"] = "recovered"


class Inject(_Wire):
    """Put a fault into the range for `duration_s`; `error_budget` is the share of the requests of that time
    that may fail before it is ended early, None for any.
    """

    fault: str
    parameters: dict[str, JsonValue] = {}
    duration_s: float = Field(default=30.0, gt=0)
    error_budget: float | None = Field(default=None, ge=0, le=1)


Request = Annotated[
    Start
    | Apply
    | Measure
    | Check
    | Submit
    | Reset
    | Pause
    | Stop
    | Traffic
    | Disaster
    | Rehearse
    | Recovered,
    Field(discriminator="kind"),
]
REQUEST: TypeAdapter[Request] = TypeAdapter(Request)

State = Literal["running", "done", "failed", "cancelled", "interrupted"]


class OperationView(_Wire):
    """One operation: `events` is how many it has so far."""

    id: int
    request: Request
    state: State
    created: float
    ended: float | None
    events: int


class Progress(_Wire):
    """What is being done now; `fraction` of the whole (0 to 1) when that is known."""

    type: Literal["progress"] = "progress"
    message: str
    fraction: float | None = None


class Result(_Wire):
    """The end: it worked, and gave this."""

    type: Literal["result"] = "result"
    result: JsonValue


class Failure(_Wire):
    """The end: it did not work."""

    type: Literal["error"] = "error"
    error: ErrorBody


OperationEvent = Annotated[Progress | Result | Failure, Field(discriminator="type")]


class Line(_Wire):
    """One line of an operation's stream; `index` counts from 0 and is where to resume."""

    index: int
    at: float
    event: OperationEvent
