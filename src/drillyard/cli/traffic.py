"""`drill traffic`: how many customers come while you work."""

from typing import Annotated

import typer
from pydantic import JsonValue

from drillyard.assess.wording import number
from drillyard.base.errors import UserError
from drillyard.cli.following import run
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.wire import Traffic


def command(
    rate: Annotated[
        str | None, typer.Argument(help="Requests a second, `off`, or `on` for the scenario's own rate.")
    ] = "on",
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Set how many customers come, or send them away."""
    with Client(choose(drill), "traffic") as client:
        result = run(client, Traffic(rate=_rate(rate or "on")))
    show(result, as_json=as_json)


def show(result: JsonValue, *, as_json: bool) -> None:
    """How many come now."""
    if as_json:
        show_json(result)
        return
    now = result.get("rate") if isinstance(result, dict) else None
    out.print(_coming(float(str(now))) if now else "No customers come now.")


def _coming(rate: float) -> str:
    return "1 request a second comes." if rate == 1 else f"{number(rate)} requests a second come."


def _rate(text: str) -> float | None:
    if text == "on":
        return None
    if text == "off":
        return 0.0
    try:
        return float(text)
    except ValueError:
        raise UserError(
            f"`{text}` is no rate", next_step="Say a number, such as 40, or `off` or `on`."
        ) from None
