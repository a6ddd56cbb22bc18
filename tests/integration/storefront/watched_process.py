"""Runs one process of the shop after preload(), and writes down what it still wants of the installation.

Stands for a forked child under an account that cannot read the installation: every file that
is opened below the installation, and every module that is new at the end, is a line in the file `--watch`.
"""

import argparse
import atexit
import os
import sys
import sysconfig
from pathlib import Path

import storefront
from storefront.processes import preload, run

INSTALLATION = (
    sysconfig.get_path("purelib"),
    sysconfig.get_path("stdlib"),
    str(Path(storefront.__file__).parent),
)


def watch(file: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    before = set(sys.modules)

    def write(line: str) -> None:
        os.write(descriptor, f"{line}\n".encode())

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(INSTALLATION):
            write(f"opened {arguments[0]}")

    def note_modules() -> None:
        for name in sorted(set(sys.modules) - before):
            write(f"imported {name}")

    sys.addaudithook(note)
    atexit.register(note_modules)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--kind", "--settings", "--listen", "--watch", "--type"):
        parser.add_argument(name)
    arguments = parser.parse_args()
    preload(arguments.settings)
    watch(arguments.watch)
    run(
        arguments.kind,
        arguments.settings,
        instance=f"{arguments.kind}-1",
        listen=arguments.listen,
        worker_type=arguments.type,
    )


main()
