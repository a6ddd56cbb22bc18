"""Alertmanager: groups alerts and mails them to the range's sink."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from drillyard.base.errors import MissingPartError, Problem, UserError
from drillyard.range import parts
from drillyard.range.component import Command, Component, Exec, Reload
from drillyard.range.components.http_probe import status_of
from drillyard.range.components.tooling import complaints, line_of_quoted, missing, side_by_side

MAIN = "alertmanager.yml"
_FAILED = re.compile(r"FAILED: (?P<message>.*?)(?:\n\n|\namtool: error|$)", re.DOTALL)
_AT_LINE = re.compile(r"line (?P<line>\d+): (?P<message>.*)")


class Alertmanager(Component):
    """Silences and notification log stay in `site.data`. Not essential: a range serves without it."""

    kind = "alertmanager"
    endpoints = ("alertmanager",)
    reload = Reload.SIGNAL
    essential = False

    def prepare(self) -> None:
        """Directories."""
        super().prepare()
        if not (self.site.config / MAIN).exists():
            raise UserError("Alertmanager has no configuration", where=str(self.site.config / MAIN))

    def command(self) -> Command:
        """The server alone: the empty cluster address keeps it from looking for a private network."""
        part = parts.find("alertmanager")
        endpoint = self.site.addresses.endpoint("alertmanager")
        argv = part.argv(
            f"--config.file={self.site.config / MAIN}",
            f"--storage.path={self.site.data}",
            f"--web.listen-address={endpoint}",
            f"--web.external-url=http://{endpoint}",
            "--cluster.listen-address=",
            "--log.level=warn",
        )
        return Exec(argv, env={"GOMAXPROCS": "1", **part.env}, cwd=self.site.data, mounts=part.mounts)

    async def ready(self) -> bool:
        """It says so itself."""
        return await status_of(self.site.addresses.endpoint("alertmanager"), "/-/ready") == 200

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """`amtool check-config`; nothing is checked where it is missing."""
        if MAIN not in files:
            return [missing(MAIN)]
        try:
            part = parts.find("alertmanager")
        except MissingPartError:
            return []
        amtool = part.program("amtool")
        if not amtool.exists():
            return []
        with side_by_side(files) as directory:
            good, said = complaints(
                part.wrapped_argv(amtool, "check-config", str(directory / MAIN)), env=part.env, cwd=directory
            )
        return [] if good else _problems(said, files[MAIN].read_text())


def _problems(said: str, text: str) -> list[Problem]:
    match = _FAILED.search(said)
    message = match["message"].strip() if match else said.strip()
    located = list(_AT_LINE.finditer(message))
    if located:
        return [Problem(MAIN, int(found["line"]), found["message"].strip()) for found in located]
    return [Problem(MAIN, line_of_quoted(message, text), message)]
