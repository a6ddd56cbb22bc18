"""The shop's own processes: web replicas, workers, the payment partner and the mail sink.

All are forked from the nursery, which imported the storefront once. Each has a copy of the released settings
and SQL in its own `config` and runs there, so that a relative `sql_directory` means that copy.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from drillyard.base.errors import Problem, UserError
from drillyard.range.addresses import Endpoint
from drillyard.range.component import Command, Component, Fork, Reload, Site
from drillyard.range.components.http_probe import status_of
from drillyard.range.components.tooling import missing, side_by_side

MAIN = "storefront.toml"
SQL = "sql"


class StorefrontProcess(Component):
    """What the four kinds have in common."""

    process: str
    """The storefront's own name for the kind."""
    reload = Reload.RESTART
    health = "/healthz"

    def __init__(self, name: str, site: Site) -> None:
        super().__init__(name, site)
        self.endpoints = (name,)

    def prepare(self) -> None:
        """Directories, and that there are settings."""
        super().prepare()
        if not (self.site.config / MAIN).exists():
            raise UserError("The storefront has no settings", where=str(self.site.config / MAIN))

    def command(self) -> Command:
        """`storefront.processes.run(kind, settings_path, instance=..., listen=...)`."""
        return Fork(
            "storefront.processes",
            "run",
            kwargs={
                "kind": self.process,
                "settings_path": str(self.site.config / MAIN),
                "instance": self.name,
                "listen": str(self.site.addresses.endpoint(self.name)),
                **self.arguments(),
            },
            env={"LANG": "C.UTF-8", "TZ": "UTC", **self.environment()},
            cwd=self.site.config,
        )

    def arguments(self) -> Mapping[str, str]:
        """Further arguments of `run`."""
        return {}

    def environment(self) -> Mapping[str, str]:
        """Settings that are not the learner's to choose (`STOREFRONT_<SECTION>__<SETTING>`)."""
        return {}

    def asked(self) -> Endpoint:
        """Where readiness is asked for."""
        return self.site.addresses.endpoint(self.name)

    async def ready(self) -> bool:
        """A real request on the process' own port."""
        return await status_of(self.asked(), self.health) == 200

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """The shop's own model of its settings, and its own reader of SQL files."""
        if MAIN not in files:
            return [missing(MAIN)]
        with side_by_side(files) as directory:
            return [*settings_problems(directory / MAIN), *sql_problems(directory)]


class Replica(StorefrontProcess):
    """One web replica: ready when it can serve, so the database counts."""

    kind = "storefront"
    process = "web"
    health = "/readyz"
    requires = ("network", "postgres", "valkey")
    stop_timeout_s = 8.0


class Worker(StorefrontProcess):
    """One process of one worker type. At SIGTERM it takes no new job and finishes what it has."""

    kind = "worker"
    process = "worker"
    requires = ("network", "postgres", "valkey")
    stop_timeout_s = 12.0

    def __init__(self, name: str, site: Site, worker_type: str) -> None:
        super().__init__(name, site)
        self.worker_type = worker_type

    def arguments(self) -> Mapping[str, str]:
        """Which queues it consumes is in the settings of its type."""
        return {"worker_type": self.worker_type}


class Partner(StorefrontProcess):
    """The payment partner: it keeps its charges over a restart."""

    kind = "partner"
    process = "partner"

    def environment(self) -> Mapping[str, str]:
        """Its charges lie in its own data directory."""
        return {"STOREFRONT_PARTNER__DIRECTORY": str(self.site.data)}


class Mailsink(StorefrontProcess):
    """Receives the shop's mails and shows them over HTTP."""

    kind = "mailsink"
    process = "mailsink"

    def __init__(self, name: str, site: Site) -> None:
        super().__init__(name, site)
        self.endpoints = (name, "mailsink-http")

    def asked(self) -> Endpoint:
        """Its HTTP side; mail comes in on the other port."""
        return self.site.addresses.endpoint("mailsink-http")


def settings_problems(file: Path) -> list[Problem]:
    """What is wrong in a `storefront.toml`."""
    settings = import_module("storefront.settings")
    try:
        settings.load(file)
    except settings.SettingsError as error:
        return [Problem(MAIN, found.line, found.message, found.expected) for found in error.problems]
    return []


def sql_problems(directory: Path) -> list[Problem]:
    """What is wrong in the SQL files below `directory`, as far as that shows without a database."""
    if not (directory / SQL).is_dir():
        return []
    queries = import_module("storefront.queries")
    try:
        queries.load(directory / SQL)
    except queries.QueryError as error:
        return [
            Problem(
                Path(found.file).relative_to(directory).as_posix(), found.line, found.message, found.expected
            )
            for found in error.problems
        ]
    return []
