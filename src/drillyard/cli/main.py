"""`drill`: where the command line begins, and where every failure becomes a sentence and an exit code."""

import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated

import typer

from drillyard import __version__
from drillyard.base.errors import ExitCode, UserError
from drillyard.cli.lazy import LazyGroup

app = typer.Typer(
    name="drill",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"drill {__version__}")
        raise typer.Exit


@app.callback()
def _drill(
    ctx: typer.Context,
    drill: Annotated[
        str | None, typer.Option("--drill", "-d", help="Which drill; may stand after the command too.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Operate a real shop on your own machine, and be judged by measuring it.

    Begin with: drill start performance-optimization
    """
    if drill is not None:
        _choose(ctx, drill)


def _choose(ctx: typer.Context, drill: str) -> None:
    """The command reads it where it reads `export DRILL`; its own --drill goes before.

    Raises:
        UserError: the command acts on no drill.
    """
    name = ctx.invoked_subcommand or ""
    assert isinstance(ctx.command, LazyGroup)
    command = ctx.command.get_command(ctx, name)
    if all(each.name != "drill" for each in command.params):
        raise UserError(f"`drill {name}` acts on no drill", next_step="Leave out --drill.")
    os.environ["DRILL"] = drill


def main() -> None:
    """Run the command line. Users' errors are one paragraph; a fault of ours is a traceback."""
    try:
        app(prog_name="drill")
    except UserError as error:
        _say(f"drill: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        _say("drill: interrupted")
        raise SystemExit(ExitCode.INTERRUPTED) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(ExitCode.OK) from None
    except Exception:
        text = traceback.format_exc()
        _say(text)
        _say(f"drill: this is a fault of Drillyard itself. Please report it with {_keep(text)}.")
        raise SystemExit(ExitCode.BUG) from None


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _keep(text: str) -> Path:
    with tempfile.NamedTemporaryFile("w", prefix="drill-bug-", suffix=".log", delete=False) as file:
        file.write(f"{sys.argv}\n{text}")
    return Path(file.name)


if __name__ == "__main__":
    main()
