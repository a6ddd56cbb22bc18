"""`python -m storefront`: run one process of the shop, or make its data."""

import argparse
import sys

from storefront.seed import SeedError, seed
from storefront.settings.document import example


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m storefront", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    data = commands.add_parser("seed", help="make the data set in a database")
    data.add_argument(
        "--dsn", required=True, help="PostgreSQL, as a superuser; a missing database is created"
    )
    data.add_argument("--scale", type=float, default=1.0, help="multiplies the number of rows (default: 1.0)")
    data.add_argument(
        "--newest", type=float, help="time of the newest order, seconds since 1970 (default: today)"
    )
    commands.add_parser("settings", help="print every setting with its meaning and default")
    return parser


def main() -> int:
    """Run the command line; returns the exit code."""
    arguments = _parser().parse_args()
    if arguments.command == "settings":
        sys.stdout.write(example())
        return 0
    try:
        seed(arguments.dsn, scale=arguments.scale, newest=arguments.newest)
    except SeedError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
