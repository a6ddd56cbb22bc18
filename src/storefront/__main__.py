"""`python -m storefront`: run one process of the shop, make its data, or look after its jobs."""

import argparse
import sys
from pathlib import Path

from storefront.jobs import shell
from storefront.processes import KINDS, preload, run
from storefront.seed import SeedError, seed
from storefront.settings.document import example
from storefront.settings.workers import WorkerType

_ABOUT = {
    "web": "serve the shop over HTTP",
    "worker": "run background jobs of one type",
    "partner": "be the payment partner",
    "mailsink": "take the shop's mails and show them",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m storefront", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for kind in KINDS:
        process = commands.add_parser(kind, help=_ABOUT[kind])
        process.add_argument("--settings", required=True, type=Path, help="storefront.toml")
        process.add_argument("--listen", required=True, help="host:port")
        process.add_argument("--instance", default=f"{kind}-1", help="name in logs, traces and PostgreSQL")
        if kind == "worker":
            process.add_argument("--type", required=True, choices=list(WorkerType), dest="worker_type")
    data = commands.add_parser("seed", help="make the data set in a database")
    data.add_argument(
        "--dsn", required=True, help="PostgreSQL, as a superuser; a missing database is created"
    )
    data.add_argument("--scale", type=float, default=1.0, help="multiplies the number of rows (1.0)")
    data.add_argument("--newest", type=float, help="time of the newest order, seconds since 1970 (today)")
    shell.add_commands(commands)
    commands.add_parser("settings", help="print every setting with its meaning and default")
    return parser


def main() -> int:
    """Run the command line; returns the exit code."""
    arguments = _parser().parse_args()
    if arguments.command in shell.COMMANDS:
        return shell.run_command(arguments)
    if arguments.command == "settings":
        sys.stdout.write(example())
    elif arguments.command == "seed":
        try:
            seed(arguments.dsn, scale=arguments.scale, newest=arguments.newest)
        except SeedError as error:
            sys.stderr.write(f"{error}\n")
            return 2
    else:
        preload(arguments.settings)
        run(
            arguments.command,
            arguments.settings,
            instance=arguments.instance,
            listen=arguments.listen,
            worker_type=getattr(arguments, "worker_type", None),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
