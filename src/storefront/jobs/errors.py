"""What a job may fail with. Every failure is tried again as the settings say; these need no traceback."""


class JobFailedError(Exception):
    """Expected now and then: the world outside did not play along. `reason` is a word for the metrics."""

    reason = "failed"


class PartnerError(JobFailedError):
    """The payment partner did not make the charge, and did not refuse it either."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class MailError(JobFailedError):
    """The mail server did not take a mail."""

    reason = "mail"


class UnknownSubjectError(JobFailedError):
    """The order, product or report that the job is about does not exist."""

    reason = "unknown_subject"
