"""`drill traffic`: how many customers come while you work."""

from typing import Annotated

import typer

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
    if as_json:
        show_json(result)
        return
    now = result.get("rate") if isinstance(result, dict) else None
    out.print(f"{number(float(str(now)))} requests a second come." if now else "No customers come now.")


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
