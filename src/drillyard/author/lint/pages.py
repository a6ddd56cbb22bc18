"""Links and commands on pages exist: a page that sends its reader nowhere costs their trust."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from drillyard.author.lint.finding import Finding, Linted
from drillyard.base.paths import content

_LINK = re.compile(r"\[[^\]]*\]\((?P<link>[^)\s]+)\)")
_COMMAND = re.compile(r"(?:^\s*(?:\$ )?|`)drill (?P<name>[a-z][a-z-]*)(?: (?P<task>\d+)\b)?")
_OF_A_TASK = ("brief", "check", "hint")
LEAST_WORDS = 10


def _rule(linted: Linted) -> Iterator[Finding]:
    directory = linted.scenario.directory
    debrief = directory / "debrief.md"
    tasks = len(linted.scenario.manifest.tasks)
    for path in (directory / "brief.md", debrief):
        if not path.is_file():
            yield linted.wrong(path, 0, "the file is missing", "Learners are shown it.")
    for path in (*linted.pages, *([debrief] if debrief.is_file() else [])):
        text = linted.text(path)
        if len(text.split()) < LEAST_WORDS:
            yield linted.note(path, 0, f"the page has {len(text.split())} words", "Say what a learner needs.")
        for number, line in linted.lines(path):
            for match in _LINK.finditer(line):
                if why := _broken(path, match["link"]):
                    yield linted.wrong(path, number, f"the link {match['link']} {why}", "Mend or remove it.")
            for match in _COMMAND.finditer(line):
                if match["name"] not in linted.commands:
                    why = f"there is no command `drill {match['name']}`"
                    yield linted.wrong(path, number, why, "`drill --help` lists them.")
                elif match["name"] in _OF_A_TASK and int(match["task"] or 1) not in range(1, tasks + 1):
                    yield linted.wrong(
                        path, number, f"there is no task {match['task']}", f"There are {tasks}."
                    )
    for resource in linted.scenario.manifest.resources:
        if resource.link and (why := _broken(linted.manifest, resource.link)):
            number = linted.line_of(linted.manifest, resource.link)
            yield linted.wrong(
                linted.manifest, number, f"the link {resource.link} {why}", "Mend or remove it."
            )


def _broken(page: Path, link: str) -> str:
    """Why a link leads nowhere, or nothing; the web is not asked."""
    parts = urlsplit(link)
    if parts.scheme in ("http", "https"):
        return "" if "." in parts.netloc or parts.netloc.startswith("localhost") else "names no host"
    if parts.scheme:
        return "" if parts.scheme == "mailto" else f"has the scheme {parts.scheme}"
    if not parts.path:
        return ""
    there = (page.parent / parts.path).exists() or (content() / parts.path).exists()
    return "" if there else "names no file"


RULE = _rule
