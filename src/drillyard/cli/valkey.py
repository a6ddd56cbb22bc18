"""`drill valkey`: a small valkey-cli, for one command or many."""

import shlex
import sys
from typing import Annotated

import typer
from valkey import Valkey
from valkey.exceptions import ValkeyError

from drillyard.base.errors import UserError
from drillyard.cli.following import ready
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import AccessView


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="A command, such as: INFO stats. Without one: a prompt.", metavar="COMMAND"),
    ] = None,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Commands to the cache: a small valkey-cli."""
    with Client(choose(drill), "valkey") as client:
        ready(client)
        access = client.get("/access", AccessView)
    with Valkey(access.valkey_host, access.valkey_port) as server:
        if words:
            answer = _ask(server, words)
            show_json(_plain(answer)) if as_json else print(render(answer))
            return
        _converse(server, f"{access.valkey_host}:{access.valkey_port}> ")


def _converse(server: Valkey, prompt: str) -> None:
    """Read commands until the end of input; an error in one does not end it."""
    interactive = sys.stdin.isatty()
    while True:
        try:
            line = input(prompt if interactive else "").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if line.lower() in ("exit", "quit"):
            return
        if not line:
            continue
        try:
            print(render(_ask(server, shlex.split(line))))
        except (UserError, ValueError) as error:
            print(f"(error) {error}")


def _ask(server: Valkey, words: list[str]) -> object:
    connection = server.connection_pool.get_connection(words[0])
    try:
        connection.send_command(*words)
        return connection.read_response()
    except ValkeyError as error:
        raise UserError(str(error), where=" ".join(words[:2])) from error
    finally:
        server.connection_pool.release(connection)


def render(answer: object, indent: str = "") -> str:  # noqa: PLR0911 - one return a kind of answer
    """An answer in valkey-cli's manner."""
    match answer:
        case None:
            return "(nil)"
        case bool():
            return "(true)" if answer else "(false)"
        case int():
            return f"(integer) {answer}"
        case bytes():
            text = answer.decode(errors="backslashreplace")
            return text.rstrip("\r\n").replace("\r\n", "\n") if "\n" in text else f'"{text}"'
        case list() if not answer:
            return "(empty array)"
        case list():
            width = len(str(len(answer)))
            lines = [
                f"{indent if number > 1 else ''}{number:>{width}}) {render(item, indent + ' ' * (width + 2))}"
                for number, item in enumerate(answer, start=1)
            ]
            return "\n".join(lines)
        case _:
            return str(answer)


def _plain(answer: object) -> object:
    if isinstance(answer, bytes):
        return answer.decode(errors="backslashreplace")
    if isinstance(answer, list):
        return [_plain(item) for item in answer]
    return answer
