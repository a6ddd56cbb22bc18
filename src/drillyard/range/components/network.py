"""The network between the components of a range: one process with a proxy for each connection's way."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from drillyard.base.clock import until
from drillyard.base.errors import DeadlineError, Problem, UserError
from drillyard.range.addresses import link_name
from drillyard.range.component import Command, Component, Fork, Reload, Site
from drillyard.range.components.http_probe import status_of
from drillyard.range.privileges import keeper, write_file
from drillyard.range.spec import RangeSpec
from drillyard.range.wiring import links_of

_LINKED_S = 5.0


class Network(Component):
    """It speaks Toxiproxy's API on its endpoint. What was done to it is forgotten when it starts again."""

    kind = "network"
    reload = Reload.SIGNAL
    endpoints = ("network",)
    stop_timeout_s = 2.0

    def __init__(self, name: str, site: Site, spec: RangeSpec) -> None:
        super().__init__(name, site)
        self._spec = spec

    @property
    def listens(self) -> tuple[str, ...]:
        """The API, and every link."""
        return (*self.endpoints, *(link_name(*pair) for pair in links_of(self._spec)))

    def prepare(self) -> None:
        """Directories, and the list of links."""
        super().prepare()
        self.write_links(self._spec)

    def write_links(self, *specs: RangeSpec) -> None:
        """The links that ranges of these allocations use; they are taken at a reload.

        Raises:
            UserError: it cannot be written.
        """
        self._spec = specs[-1]
        at = self.site.addresses.endpoint
        pairs = dict.fromkeys(pair for spec in specs for pair in links_of(spec))
        links = [
            {"name": link_name(*pair), "listen": str(at(link_name(*pair))), "upstream": str(at(pair[1]))}
            for pair in pairs
        ]
        write_file(self._file, json.dumps(links, indent=1), keeper(self.site.account))

    @property
    def _file(self) -> Path:
        return self.site.config / "links.json"

    def command(self) -> Command:
        """Forked, as everything that is Python."""
        return Fork(
            "drillyard.range.netproxy.process",
            "run",
            kwargs={"links": str(self._file), "listen": str(self.site.addresses.endpoint("network"))},
            cwd=self.site.run,
        )

    async def ready(self) -> bool:
        """It answers once every proxy listens."""
        return await status_of(self.site.addresses.endpoint("network"), "/version") == 200

    async def linked(self) -> None:
        """Wait until all links of the list are there: a reload returns before they are taken.

        Raises:
            UserError: they are not.
        """
        names = [each["name"] for each in json.loads(await asyncio.to_thread(self._file.read_text))]
        at = self.site.addresses.endpoint("network")

        async def there() -> bool:
            return all([await status_of(at, f"/proxies/{name}") == 200 for name in names])

        try:
            await until(there, deadline_s=_LINKED_S, what="the network has its links", every_s=0.05)
        except DeadlineError as error:
            raise UserError(str(error), next_step="What does it say? drill logs network") from error

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """There is nothing that a learner configures."""
        return []
