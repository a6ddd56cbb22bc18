"""One request from its planned time to its end, and the judgement of its answer."""

import json

from drillyard.traffic.result import CODES, Outcome
from drillyard.traffic.steps import Step, Walk
from drillyard.traffic.visits import Session

OK, WRONG, REFUSED, INDETERMINATE = (CODES[outcome] for outcome in Outcome)
MALFORMED = (LookupError, TypeError, ValueError, AttributeError)
"""What reading an answer of another shape than expected raises."""


class Exchange:
    """One request. Times are seconds since the start of the run; `attempted` says that it was tried to send
    it, `written` that it may have reached the shop.
    """

    __slots__ = ("account", "attempted", "planned", "sent", "session", "step", "walk", "written")

    def __init__(self, step: Step, walk: Walk, planned: float, session: Session, account: str) -> None:
        self.step = step
        self.walk = walk
        self.planned = planned
        self.session = session
        self.account = account
        self.sent: float | None = None
        self.attempted = False
        self.written = False


class Verdict:
    """How an exchange ended: outcome code, complaint, decoded body of a good answer, status (0: none)."""

    __slots__ = ("code", "complaint", "data", "status")

    def __init__(self, code: int, complaint: str = "", data: object = None, status: int = 0) -> None:
        self.code = code
        self.complaint = complaint
        self.data = data
        self.status = status


def judge(step: Step, status: int, body: bytes) -> Verdict:
    """Judge a whole answer.

    A definite no is a 4xx, or a 5xx in the shop's own words; a proxy's 5xx says nothing about what was done,
    and of an order no 5xx does: a commit may have been done though its answer was lost.
    """
    if status == step.status:
        try:
            data = json.loads(body.decode())
            complaint = step.expect(data)
        except MALFORMED as error:
            return Verdict(WRONG, f"malformed: {error!r}", None, status)
        return Verdict(WRONG if complaint else OK, complaint, data, status)
    if 400 <= status < 500:
        return Verdict(REFUSED, f"status {status}: {_error_code(body)}", None, status)
    if status >= 500:
        code = _error_code(body)
        if code and step.order_key is None:
            return Verdict(REFUSED, f"status {status}: {code}", None, status)
        return Verdict(INDETERMINATE, f"status {status}", None, status)
    return Verdict(WRONG, f"unexpected status {status}", None, status)


def _error_code(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["code"])
    except MALFORMED:
        return ""
