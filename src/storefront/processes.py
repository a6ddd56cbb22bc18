"""The kinds of processes that the shop consists of, and importing once for all of them.

A parent calls `preload()` and forks; a child calls `run(...)`. A child then needs no file of the
installation: it may run under an account that cannot read it.
"""

import codecs
import errno
import importlib
import linecache
import sys
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from storefront import mailsink, needed, partner, queries, security, tracing, web
from storefront.app import AREAS, application
from storefront.jobs import worker
from storefront.settings import SettingsError, load
from storefront.settings.observability import TraceExporter
from storefront.settings.workers import WorkerType

Kind = Literal["web", "worker", "partner", "mailsink"]
KINDS: tuple[str, ...] = get_args(Kind)

LATE_IMPORTS = (
    "anyio._backends._asyncio",
    "httpcore",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.httptools_impl",
)
"""What libraries import by name only when they are first used. A test finds what is missing here."""

LATE_CODECS = ("ascii", "idna", "latin-1", "utf-8", "utf-8-sig")


_NO_ADDRESS = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}


class StartError(Exception):
    """A process cannot start; the message says why."""


def preload(settings_path: Path | str | None = None) -> None:
    """Import all that any kind of process needs, and read what lies in the installation.

    The OpenTelemetry SDK is large and only imported when the settings at `settings_path` ask for traces.
    """
    for module in LATE_IMPORTS:
        importlib.import_module(module)
    for codec in LATE_CODECS:
        codecs.lookup(codec)
    for area in AREAS:
        linecache.getlines(str(area.__file__))  # FastAPI looks its handlers' lines up when they first serve
    queries.shipped()
    security.shipped_enforcer()
    application()
    if settings_path is not None:
        try:
            settings = load(settings_path)
        except SettingsError:
            return  # the process that is started with them says so
        if settings.observability.tracing.exporter is not TraceExporter.NONE:
            tracing.preload()


def run(
    kind: Kind | str,
    settings_path: Path | str,
    *,
    instance: str,
    listen: str,
    worker_type: WorkerType | str | None = None,
) -> None:
    """Be one process of the shop until SIGTERM or SIGINT, finish what is in work (bounded), and exit.

    `listen` is `host:port`: HTTP for all kinds (of a worker: metrics and health), but SMTP for the mail sink,
    whose HTTP port is a setting. `worker_type` is needed with kind `worker`. SIGHUP reads the settings again.
    Exits with 0 after a stop, with 2 when settings, SQL or arguments are wrong, otherwise with 1: a later
    start may succeed.

    Raises:
        SystemExit: always.
    """
    path = Path(settings_path).absolute()
    try:
        _run(kind, path, instance, listen, worker_type)
    except (SettingsError, queries.QueryError, StartError, ValueError) as error:
        sys.stderr.write(f"{instance} cannot start: {error}\n")
        sys.stderr.flush()
        sys.exit(2)
    except needed.NeededError as error:
        sys.stderr.write(f"{instance} cannot start: {error}\n")
        sys.stderr.flush()
        sys.exit(1)
    except OSError as error:
        if error.errno not in _NO_ADDRESS:
            raise
        sys.stderr.write(f"{instance} cannot listen on {listen}: {error.strerror}\n")
        sys.stderr.flush()
        sys.exit(1)
    sys.exit(0)


def _run(kind: str, path: Path, instance: str, listen: str, worker_type: str | None) -> None:
    settings = load(path)
    match kind:
        case "web":
            needed.partner(settings.partner)
            web.run(settings, path, instance, listen)
        case "worker":
            if worker_type not in list(WorkerType):
                raise StartError(f"a worker has one of the types {', '.join(WorkerType)}")
            if worker_type == WorkerType.PAYMENTS:
                needed.partner(settings.partner)
            worker.run(settings, worker_type, instance, listen, partial(load, path))
        case "partner":
            partner.run(settings, instance, listen)
        case "mailsink":
            mailsink.run(settings, instance, listen)
        case _:
            raise StartError(f"there is no kind of process {kind!r}; there are {', '.join(KINDS)}")
