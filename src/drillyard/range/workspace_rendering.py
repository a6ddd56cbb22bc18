"""Templates of workspace files: `{{http}}` becomes `127.1.2.3:8080`.

Only names without spaces are ours: Prometheus' own `{{ $labels.job }}` passes through.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.range.addresses import Addresses
from drillyard.range.credentials import ROLES, Credentials

_PLACE = re.compile(r"\{\{([a-z][a-z0-9_.-]*)\}\}")


def values_of(addresses: Addresses, credentials: Credentials) -> dict[str, str]:
    """Everything that a template may name.

    `host`; each endpoint (`http`, `http.host`, `http.port`); `password.<role>` and `dsn.<role>`.
    """
    values = {"host": addresses.host}
    for name in addresses.ports:
        endpoint = addresses.endpoint(name)
        values |= {name: str(endpoint), f"{name}.host": endpoint.host, f"{name}.port": str(endpoint.port)}
    for role in ROLES:
        values |= {
            f"password.{role}": credentials.password(role),
            f"dsn.{role}": credentials.dsn(role, addresses),
        }
    return values


def render(text: str, values: Mapping[str, str], *, file: str = "template") -> str:
    """The text with every place filled.

    Raises:
        UserError: a place has a name that does not exist; says which, and in which line.
    """

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            line = text.count("\n", 0, match.start()) + 1
            raise UserError(
                f"Nothing is called {match[0]}",
                where=f"{file}:{line}",
                next_step="Endpoints are in ARCHITECTURE.md: for example {{http}}, {{postgres.port}}.",
            )
        return values[match[1]]

    return _PLACE.sub(fill, text)


def render_file(source: Path, destination: Path, values: Mapping[str, str]) -> None:
    """Fill one file; what is not text is copied as it is."""
    content = source.read_bytes()
    with suppress(UnicodeDecodeError):  # a picture in an author's overlay, say
        content = render(content.decode(), values, file=str(source)).encode()
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_bytes(content)
