"""Structured logs: one JSON object a line on standard output, for the shop's own loggers and the libraries'.

Every line has `timestamp` (ISO 8601, UTC), `level`, `event`, `logger` and `process` (which process it was);
lines of a request also have `request_id`, lines of a job `job_id`.
"""

import hashlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from storefront.settings.observability import Logs

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_QUIET = ("httpx", "httpcore", "asyncio", "mail.log", "urllib3", "opentelemetry", "casbin")
"""Libraries whose lines below WARNING say nothing to whoever operates the shop."""


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines carry `logger: name`. May be made at import: it is configured when first used."""
    return structlog.get_logger(logger_name=name)  # type: ignore[no-any-return]  # structlog types it as Any


class _StandardOutput:
    """Writes a line to whatever standard output is at that moment, whole and at once."""

    def msg(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    debug = info = warning = error = critical = exception = fatal = log = msg


class _Handler(logging.Handler):
    """The same for loggers of the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        _StandardOutput().msg(self.format(record))


def configure(settings: Logs, process: str) -> None:
    """Send all log lines of this process to standard output as JSON.

    May be called again to change the level. `process` names this process in every line: `storefront-1`.
    """
    level = _LEVELS[settings.level]

    def name_process(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["process"] = process
        if "logger_name" in event:
            event["logger"] = event.pop("logger_name")
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_process,
        structlog.processors.format_exc_info,
    ]
    render = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_names: _StandardOutput(),
        cache_logger_on_first_use=False,
    )
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger("dramatiq.worker.WorkerThread").setLevel(
        logging.CRITICAL
    )  # jobs.middleware logs failures
    _pass_on("uvicorn", "uvicorn.error", "dramatiq")
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False


def _pass_on(*names: str) -> None:
    """Let these libraries' loggers hand their lines to the root, whatever they configured for themselves."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def customer_hash(customer_id: int, salt: str) -> str:
    """What stands for a customer in the logs: the same for all lines of one customer, but not who it is.

    The first 12 hexadecimal digits of BLAKE2s keyed with `salt`.
    """
    digest = hashlib.blake2s(str(customer_id).encode(), key=salt.encode()[:32], digest_size=6)
    return digest.hexdigest()
