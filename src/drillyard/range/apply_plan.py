"""What an apply would do, and whether the changed files are good: nothing running is touched here."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from drillyard.base.errors import InvalidFilesError, Problem
from drillyard.range.addresses import Addresses
from drillyard.range.apply_queries import files_of_queries, prepare_queries, refusal
from drillyard.range.component import Component
from drillyard.range.releases import PART_OF_KIND, Release
from drillyard.range.spec import RangeSpec
from drillyard.range.wiring import around_the_network
from drillyard.range.workspace import FileChange, changed_files


@dataclass(frozen=True)
class Changes:
    """The difference between a release in force and what would come after it.

    `before` and `after` are the allocations. `settings` names the shop's settings that differ, `restart`
    those of them that only new processes take.
    """

    files: tuple[FileChange, ...]
    before: RangeSpec
    after: RangeSpec
    settings: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()

    @property
    def parts(self) -> frozenset[str]:
        """Folders with a change (`haproxy`, ...)."""
        return frozenset(change.part for change in self.files)

    @property
    def queries(self) -> tuple[str, ...]:
        """Changed SQL files, by their names inside `storefront/`."""
        return tuple(
            change.name.removeprefix("storefront/")
            for change in self.files
            if change.name.startswith("storefront/sql/")
        )

    @property
    def scaled(self) -> bool:
        """Whether the allocation changes."""
        return self.before != self.after

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.files


def plan(workspace: Path, released: Path) -> Changes:
    """What differs between the workspace and a release of it.

    Raises:
        InvalidFilesError: `range.toml` or `storefront.toml` is wrong, or a file cannot be released at all.
    """
    files = changed_files(workspace, released)
    before, after = Release(released).spec(), Release(workspace).spec()
    if not any(change.name == "storefront/storefront.toml" for change in files):
        return Changes(files, before, after)
    settings = import_module("storefront.settings")
    old, new = (directory / "storefront" / "storefront.toml" for directory in (released, workspace))
    try:
        loaded = settings.load(old), settings.load(new)
    except settings.SettingsError as error:
        raise InvalidFilesError(
            [
                Problem("storefront/storefront.toml", found.line, found.message, found.expected)
                for found in error.problems
            ]
        ) from error
    return Changes(
        files, before, after, tuple(settings.changed(*loaded)), tuple(settings.needs_restart(*loaded))
    )


async def check(
    changes: Changes, release: Release, components: Iterable[Component], addresses: Addresses, dsn: str
) -> tuple[str, ...]:
    """Have every changed part of the release judged by the tool that owns it, all at the same time.

    Returns notices: things worth saying that are no reason to refuse.

    Raises:
        InvalidFilesError: at least one file is bad; carries every problem of every file.
    """
    members = list(components)
    judges = _one_of_each(members)
    parts = sorted(changes.parts & judges.keys())
    judged = await asyncio.gather(
        *(asyncio.to_thread(judges[part].validate, release.files_of(part)) for part in parts)
    )
    problems = [
        _in_part(problem, part) for part, found in zip(parts, judged, strict=True) for problem in found
    ]
    if "haproxy" in changes.parts:
        problems += _unreachable(release, addresses)
    if "storefront" in changes.parts and any(each.kind == "network" for each in members):
        text = (release.directory / "storefront" / "storefront.toml").read_text(encoding="utf-8")
        problems += around_the_network(text, addresses)
    if "database.dsn" in changes.settings:
        problems += await asyncio.to_thread(_refused, release)
    notices: list[str] = []
    if changes.queries and not problems:
        prepared = await asyncio.to_thread(
            prepare_queries,
            release.directory / "storefront",
            files_of_queries(release.files_of("storefront").keys() & set(changes.queries)),
            dsn,
        )
        problems += [_in_part(problem, "storefront") for problem in prepared.problems]
        if not prepared.asked:
            notices.append("PostgreSQL does not answer: the changed queries were read, but not tried on it.")
    if problems:
        raise InvalidFilesError(problems)
    return tuple(notices)


def _one_of_each(components: Iterable[Component]) -> Mapping[str, Component]:
    judges: dict[str, Component] = {}
    for component in components:
        if component.kind in PART_OF_KIND:
            judges.setdefault(PART_OF_KIND[component.kind], component)
    return judges


def _in_part(problem: Problem, part: str) -> Problem:
    return Problem(
        f"{part}/{problem.file}", problem.line, problem.message, problem.expected, problem.next_step
    )


def _refused(release: Release) -> list[Problem]:
    """Whether the database takes the new credentials: a replica would only find out after many tries."""
    file = release.directory / "storefront" / "storefront.toml"
    settings = import_module("storefront.settings").load(file)
    if not (reason := refusal(settings.database.dsn)):
        return []
    lines = file.read_text().splitlines()
    line = next((number for number, text in enumerate(lines, 1) if re.match(r"\s*dsn\s*=", text)), 0)
    return [Problem("storefront/storefront.toml", line, f"PostgreSQL refuses database.dsn: {reason}")]


def _unreachable(release: Release, addresses: Addresses) -> list[Problem]:
    """Whether anything in haproxy.cfg listens where customers come; HAProxy itself cannot know."""
    http = addresses.endpoint("http")
    file = release.files_of("haproxy").get("haproxy.cfg")
    listening = rf"^\s*bind\s.*?(?:{re.escape(http.host)}|\*|0\.0\.0\.0|\s):{http.port}(?!\d)"
    if file is None or re.search(listening, re.sub(r"#.*", "", file.read_text()), re.MULTILINE):
        return []
    message = f"no bind line listens on {http}, where customers come"
    return [Problem("haproxy/haproxy.cfg", 0, message, f"bind {http} in a frontend")]


def unreached_replicas(release: Release, spec: RangeSpec, addresses: Addresses) -> tuple[str, ...]:
    """A notice for each replica that stands in no server line, and for each line without a replica."""
    lines = release.files_of("haproxy").get("haproxy.cfg")
    text = re.sub(r"#.*", "", lines.read_text()) if lines else ""
    notices = []
    for number in range(1, 1 + max(spec.storefront_replicas, 8)):
        name = f"storefront-{number}"
        listed = re.search(rf"\s{re.escape(str(addresses.endpoint(name)))}(\s|$)", text) is not None
        if listed and number > spec.storefront_replicas:
            notices.append(
                f"haproxy/haproxy.cfg has a server line for {name}, and range.toml starts no such replica."
            )
        elif not listed and number <= spec.storefront_replicas:
            notices.append(
                f"{name} runs, and no customer reaches it: give it a server line in haproxy/haproxy.cfg "
                f"({addresses.endpoint(name)})."
            )
    return tuple(notices)
