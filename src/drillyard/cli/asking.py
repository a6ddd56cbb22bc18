"""Asking before something that costs points or cannot be undone."""

import sys

import typer

from drillyard.base.errors import UserError


def confirm(question: str) -> None:
    """Ask on the terminal; return only after a yes.

    Raises:
        UserError: nobody can be asked here.
        typer.Abort: the answer was no.
    """
    if not sys.stdin.isatty():
        raise UserError(f"{question} There is no terminal to ask on", next_step="To say yes, add --yes.")
    typer.confirm(question, abort=True, err=True)
