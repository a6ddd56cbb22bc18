"""The exporter: PostgreSQL's, Valkey's and the processes' figures for Prometheus."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from drillyard.base.errors import Problem
from drillyard.range.component import Command, Component, Fork, Site
from drillyard.range.components.http_probe import status_of
from drillyard.range.credentials import Credentials


class Exporter(Component):
    """Has no configuration. Not essential: a range serves without it."""

    kind = "exporter"
    endpoints = ("exporter",)
    essential = False
    stop_timeout_s = 3.0

    def __init__(self, name: str, site: Site, credentials: Credentials) -> None:
        super().__init__(name, site)
        self._credentials = credentials

    def command(self) -> Command:
        """Forked, so that it shares the imports of the storefront."""
        endpoint = self.site.addresses.endpoint("exporter")
        return Fork(
            "drillyard.range.exporter.server",
            "run",
            kwargs={
                "host": endpoint.host,
                "port": endpoint.port,
                "postgres_dsn": self._credentials.dsn("monitor", self.site.addresses),
                "valkey_url": f"redis://{self.site.addresses.endpoint('valkey')}/0",
            },
            env={"LANG": "C.UTF-8"},
            cwd=self.site.run,
        )

    async def ready(self) -> bool:
        """It answers; what it can reach is in its figures (`pg_up`, `redis_up`)."""
        return await status_of(self.site.addresses.endpoint("exporter"), "/healthz") == 200

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """There is nothing to judge."""
        return []
