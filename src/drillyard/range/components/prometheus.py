"""Prometheus: scrapes every part of the range and evaluates the learner's rules."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from drillyard.base.errors import MissingPartError, Problem, UserError
from drillyard.range import parts
from drillyard.range.component import Command, Component, Exec, Reload, Site
from drillyard.range.components.http_probe import status_of
from drillyard.range.components.tooling import complaints, line_of_quoted, missing, side_by_side
from drillyard.range.privileges import keeper, make_own_directory, write_file
from drillyard.range.spec import RangeSpec

MAIN = "prometheus.yml"
_RETENTION_TIME = "2d"
_RETENTION_SIZE = "256MB"
_PARSING = re.compile(r"FAILED: parsing YAML file \S+: (?P<message>.*)", re.DOTALL)
_AT_LINE = re.compile(r"(?:yaml: )?line (?P<line>\d+): (?P<message>.*)")
_RULE = re.compile(r"^\s*(?P<file>\S+?\.ya?ml): (?P<line>\d+):\d+: (?P<message>.*)")


class Prometheus(Component):
    """Its data stay in `site.data` for two days. Not essential: a range serves without it."""

    kind = "prometheus"
    endpoints = ("prometheus",)
    reload = Reload.SIGNAL
    essential = False
    stop_timeout_s = 10.0

    def __init__(self, name: str, site: Site, spec: RangeSpec) -> None:
        super().__init__(name, site)
        self.spec = spec

    def prepare(self) -> None:
        """Directories, and the list of replicas and workers that Prometheus watches."""
        super().prepare()
        if not (self.site.config / MAIN).exists():
            raise UserError("Prometheus has no configuration", where=str(self.site.config / MAIN))
        self.write_targets(self.spec)

    def write_targets(self, spec: RangeSpec) -> None:
        """What `file_sd_configs` reads: a file for the replicas, one for the workers. Needs no reload.

        Raises:
            UserError: it cannot be written.
        """
        self.spec = spec
        targets = make_own_directory(self.site.config / "targets", self.site.account)
        workers = [name for worker_type in spec.worker_processes for name in spec.worker_names(worker_type)]
        for file, names in (("storefront", list(spec.storefront_names)), ("workers", workers)):
            groups = [
                {"targets": [str(self.site.addresses.endpoint(name))], "labels": {"component": name}}
                for name in names
            ]
            write_file(targets / f"{file}.json", json.dumps(groups, indent=1), keeper(self.site.account))

    def command(self) -> Command:
        """The server, on this range's address only."""
        part = parts.find("prometheus")
        argv = part.argv(
            f"--config.file={self.site.config / MAIN}",
            f"--storage.tsdb.path={self.site.data}",
            f"--storage.tsdb.retention.time={_RETENTION_TIME}",
            f"--storage.tsdb.retention.size={_RETENTION_SIZE}",
            f"--web.listen-address={self.site.addresses.endpoint('prometheus')}",
            "--log.level=warn",
        )
        return Exec(argv, env={"GOMAXPROCS": "1", **part.env}, cwd=self.site.data, mounts=part.mounts)

    async def ready(self) -> bool:
        """It says so itself."""
        return await status_of(self.site.addresses.endpoint("prometheus"), "/-/ready") == 200

    def validate(self, files: Mapping[str, Path]) -> Sequence[Problem]:
        """`promtool check config` and `promtool check rules`; nothing is checked without promtool."""
        if MAIN not in files:
            return [missing(MAIN)]
        try:
            promtool = str(parts.find("promtool").path)
        except MissingPartError:
            return []
        rules = sorted(name for name in files if name != MAIN and name.endswith((".yml", ".yaml")))
        with side_by_side(files) as directory:
            good, said = complaints((promtool, "check", "config", "--syntax-only", MAIN), cwd=directory)
            problems = [] if good else _config_problems(said, files[MAIN].read_text())
            if rules:
                good, said = complaints((promtool, "check", "rules", *rules), cwd=directory)
                problems += [] if good else _rule_problems(said)
        return problems


def _config_problems(said: str, text: str) -> list[Problem]:
    match = _PARSING.search(said)
    message = match["message"].strip() if match else said.strip()
    located = list(_AT_LINE.finditer(message))
    if located:
        return [Problem(MAIN, int(found["line"]), found["message"].strip()) for found in located]
    return [Problem(MAIN, line_of_quoted(message, text), message)]


def _rule_problems(said: str) -> list[Problem]:
    problems = []
    file = MAIN
    for line in said.splitlines():
        if found := _RULE.match(line):
            problems.append(Problem(found["file"], int(found["line"]), found["message"].strip()))
        elif named := re.match(r"^\s*(\S+?\.ya?ml): ", line):
            file = named[1]
            if at := _AT_LINE.search(line):
                problems.append(Problem(file, int(at["line"]), at["message"].strip()))
            elif "unmarshal errors" not in line:
                problems.append(Problem(file, 0, line.split(": ", 1)[1].strip()))
        elif at := _AT_LINE.search(line):
            problems.append(Problem(file, int(at["line"]), at["message"].strip()))
    return problems or [Problem("rules", 0, said.strip()[-500:])]
