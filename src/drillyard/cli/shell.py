"""`drill shell`: a shell on the shop's host, under the account that its services run under."""

import os
import shutil
import sys
from typing import Annotated, NoReturn

import typer

from drillyard.cli.following import ready
from drillyard.cli.options import DrillName
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import ShellView

PROMPT = "\\[\\e[1m\\]{name}\\[\\e[0m\\]:\\w\\$ "


def command(
    words: Annotated[
        list[str] | None, typer.Argument(help="A command to run instead, after `--`.", show_default=False)
    ] = None,
    drill: DrillName = None,
) -> None:
    """A shell on the shop's host: PostgreSQL's tools, $PGDATA, $BACKUPS, $ARCHIVE, $OFFSITE, and shopctl.

    Without a command it is interactive, or reads standard input when that is not a terminal.
    """
    places = choose(drill)
    with Client(places, "shell") as client:
        ready(client)
        view = client.get("/shell", ShellView)
    _become(view, words or [], places.name)


def _become(view: ShellView, words: list[str], name: str) -> NoReturn:
    """In place of this process, so that Ctrl-C is the shell's own."""
    bash = shutil.which("bash", path=view.environment["PATH"])
    interactive = [bash, "--norc", "--noprofile"] if bash and sys.stdin.isatty() else ["/bin/sh"]
    environment = {**view.environment, "PS1": PROMPT.format(name=name)}
    if "TERM" in os.environ:
        environment["TERM"] = os.environ["TERM"]
    os.chdir(view.directory)
    if view.user is not None and view.group is not None:
        os.setgroups([])
        os.setgid(view.group)
        os.setuid(view.user)
    if words:
        program = shutil.which(words[0], path=view.environment["PATH"]) or words[0]
        _run(program, words, environment)
    _run(interactive[0], interactive, environment)


def _run(program: str, words: list[str], environment: dict[str, str]) -> NoReturn:
    try:
        os.execve(program, words, environment)  # noqa: S606
    except OSError as error:
        sys.exit(f"drill shell: {program}: {error.strerror}")
