"""What an operator does to jobs from a shell: `python -m storefront queues | deadletters | enqueue`.

A poison message for an exercise is one that always fails, such as a charge for an order that does not exist:
`python -m storefront enqueue charge_payment '{"order_id": -1}' --settings storefront.toml`.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import TypeAlias

import redis
from dramatiq.errors import BrokerConnectionError

from storefront.jobs.broker import make_broker, make_client
from storefront.jobs.catalogue import JOBS, message_of
from storefront.jobs.queues import DeadLetter, Queues
from storefront.settings import Settings, SettingsError, load

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class ShellError(Exception):
    """Something that the person at the keyboard can mend."""


def add_commands(commands: Subparsers) -> None:
    """Add these commands to the shop's command line."""
    show = _command(commands, "queues", "how deep and how old the queues are")
    show.add_argument("--json", action="store_true", help="print JSON")
    letters = _command(commands, "deadletters", "list, requeue or drop jobs that were given up")
    letters.add_argument("action", nargs="?", choices=("list", "requeue", "drop"), default="list")
    letters.add_argument("--queue", help="only of this queue (default: all)")
    letters.add_argument("--actor", help="only jobs of this kind")
    letters.add_argument("--limit", type=int, default=100, help="at most so many per queue (default: 100)")
    letters.add_argument("--json", action="store_true", help="print JSON")
    put = _command(commands, "enqueue", "put a job into its queue")
    put.add_argument("job", help=f"one of {', '.join(JOBS)}")
    put.add_argument("payload", help="its arguments as a JSON object, such as '{\"order_id\": 1}'")
    put.add_argument("--times", type=int, default=1, help="so many times (default: 1)")


def _command(commands: Subparsers, name: str, about: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=about)
    parser.add_argument("--settings", required=True, metavar="FILE", help="the shop's storefront.toml")
    return parser


def run_command(arguments: argparse.Namespace) -> int:
    """Run one command; returns the exit code: 0, or 2 when the caller can mend what went wrong."""
    try:
        COMMANDS[arguments.command](arguments)
    except (ShellError, SettingsError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (redis.RedisError, BrokerConnectionError) as error:
        sys.stderr.write(f"Valkey does not answer: {error}. Is it running, and is its address right?\n")
        return 2
    return 0


def _open(arguments: argparse.Namespace) -> tuple[Settings, Queues]:
    settings = load(arguments.settings)
    return settings, Queues(make_client(settings), settings.workers.namespace)


def _queues(arguments: argparse.Namespace) -> None:
    settings, queues = _open(arguments)
    states = [queues.state(queue) for queue in settings.workers.routes.queues()]
    if arguments.json:
        _print(json.dumps([vars(state) for state in states]))
        return
    _print(f"{'queue':<20}{'depth':>8}{'delayed':>9}{'dead':>6}{'oldest':>10}")
    for state in states:
        _print(f"{state.queue:<20}{state.depth:>8}{state.delayed:>9}{state.dead:>6}{state.oldest_s:>8.1f} s")


def _deadletters(arguments: argparse.Namespace) -> None:
    settings, queues = _open(arguments)
    names = [arguments.queue] if arguments.queue else list(settings.workers.routes.queues())
    letters = [
        letter
        for name in names
        for letter in queues.dead_letters(name, arguments.limit)
        if arguments.actor in (None, letter.actor)
    ]
    if arguments.action == "list":
        _list(letters, as_json=arguments.json)
        return
    broker = make_broker(settings)
    for letter in letters:
        if arguments.action == "requeue":
            queues.requeue(broker, letter, settings.workers.routes)
        else:
            queues.drop(letter)
    _print(f"{arguments.action}: {len(letters)}")


def _list(letters: list[DeadLetter], *, as_json: bool) -> None:
    if as_json:
        _print(json.dumps([vars(letter) for letter in letters]))
        return
    if not letters:
        _print("There are no dead letters.")
    for letter in letters:
        died = time.strftime("%H:%M:%S", time.localtime(letter.died))
        _print(f"{letter.queue}  {letter.actor}{json.dumps(letter.arguments)}")
        _print(f"    given up at {died} after {letter.attempts} attempts: {letter.error}")


def _enqueue(arguments: argparse.Namespace) -> None:
    settings, _ = _open(arguments)
    if arguments.job not in JOBS:
        raise ShellError(f"There is no job {arguments.job!r}. There are: {', '.join(JOBS)}.")
    try:
        payload = json.loads(arguments.payload)
    except json.JSONDecodeError as error:
        raise ShellError(f"The payload is not JSON: {error}.") from error
    if not isinstance(payload, dict):
        raise ShellError('The payload must be a JSON object, such as {"order_id": 1}.')
    broker = make_broker(settings)
    for _ in range(arguments.times):
        message = message_of(arguments.job, payload, settings.workers.routes)
        broker.enqueue(message)
    _print(f"enqueued {arguments.times} in {message.queue_name}")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "queues": _queues,
    "deadletters": _deadletters,
    "enqueue": _enqueue,
}
"""By their names."""
