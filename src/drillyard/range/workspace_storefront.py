"""The storefront's part of a workspace: its own defaults with the range's addresses, and a copy of its SQL.

Taken from the installed storefront and never kept here, so the two cannot drift apart.
"""

import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import tomlkit
from tomlkit.items import Table

from drillyard.base.errors import DrillyardError
from drillyard.range.workspace_rendering import render

_PLACES = {
    "database.dsn": "{{dsn.shop_app}}",
    "database.sql_directory": "sql",
    "cache.url": "redis://{{valkey}}/0",
    "partner.url": "http://{{partner}}",
    "mail.host": "{{mailsink.host}}",
    "mail.port": "{{mailsink.port}}",
    "mail.http_port": "{{mailsink-http.port}}",
}
_NUMBERS = ("mail.port", "mail.http_port")


def storefront_directory() -> Path:
    """Where the storefront is installed; nothing of it is imported.

    Raises:
        DrillyardError: it is not.
    """
    spec = find_spec("storefront")
    if spec is None or not spec.submodule_search_locations:
        raise DrillyardError("the storefront package is not installed")
    return Path(spec.submodule_search_locations[0])


def shipped_sql() -> Path:
    """The directory of the shop's named queries."""
    return storefront_directory() / "sql"


def write_storefront(destination: Path, values: Mapping[str, str]) -> None:
    """Write `storefront.toml` (comments kept) and `sql/` into `destination`."""
    document = tomlkit.parse((storefront_directory() / "default.toml").read_text())
    for name, place in _PLACES.items():
        section, key = name.split(".")
        table = document[section]
        if not isinstance(table, Table):
            raise DrillyardError(f"storefront/default.toml: [{section}] is not a table")
        filled = render(place, values)
        table[key] = int(filled) if name in _NUMBERS else filled
    destination.mkdir(parents=True, exist_ok=True)
    (destination / "storefront.toml").write_text(tomlkit.dumps(document))
    sql = destination / "sql"
    sql.mkdir(exist_ok=True)
    for file in sorted(shipped_sql().glob("*.sql")):
        shutil.copyfile(file, sql / file.name)
