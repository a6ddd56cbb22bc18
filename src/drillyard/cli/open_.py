"""`drill open`: where the shop and its monitoring are."""

import os
import sys
import webbrowser
from enum import StrEnum
from typing import Annotated

import typer

from drillyard.cli.following import ready
from drillyard.cli.options import DrillName, Json
from drillyard.cli.screen import out, show_json
from drillyard.drill.client import Client
from drillyard.drill.places import choose
from drillyard.drill.views import AccessView


class Place(StrEnum):
    """What can be opened."""

    SHOP = "shop"
    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"
    HAPROXY = "haproxy"


def command(
    place: Annotated[Place | None, typer.Argument(help="What to open; without it, all addresses.")] = None,
    drill: DrillName = None,
    as_json: Json = False,
) -> None:
    """Addresses of the shop and of its monitoring; opens a browser if there is one."""
    with Client(choose(drill), "open") as client:
        ready(client)
        access = client.get("/access", AccessView)
    if as_json:
        show_json(access)
        return
    if place is None:
        for each in Place:
            out.print(f"{each.value:13} {_url(access, each)}", soft_wrap=True)
        out.print(f"{'PostgreSQL':13} drill psql   ({access.dsn})", soft_wrap=True)
        out.print(f"{'Valkey':13} drill valkey ({access.valkey_host}:{access.valkey_port})", soft_wrap=True)
        return
    url = _url(access, place)
    out.print(url, soft_wrap=True)
    if _has_display():
        webbrowser.open(url)


def _url(access: AccessView, place: Place) -> str:
    match place:
        case Place.SHOP:
            return access.shop
        case Place.PROMETHEUS:
            return access.prometheus
        case Place.ALERTMANAGER:
            return access.alertmanager
        case Place.HAPROXY:
            return access.haproxy


def _has_display() -> bool:
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
