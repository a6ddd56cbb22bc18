"""Which connections of a range lead through its network, where it has one.

A component that is a client finds, in its own copy of the released files, the proxy's address in the place of
the server's. What the learner writes names the servers, as in every other range; so a connection can be made
slow, narrow or dead between any two of these, whatever the files say. Who watches (Prometheus, the exporter,
measurements) and operators speak to the servers themselves.
"""

import re
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from drillyard.base.errors import Problem
from drillyard.range.addresses import LINKS, WORKER_TYPES, Addresses, Endpoint, link_name
from drillyard.range.spec import RangeSpec

_MAIL = ("mailsink", re.compile(r"(?m)^(?P<before>\s*port\s*=\s*)(?P<port>\d+)\b"))
"""The mail server alone is given as a host and a port of its own."""


def client_of(component: str) -> str:
    """Whose links a component uses: the processes of one worker type share them.

    `worker-payments-2` uses those of `worker-payments`; replicas have their own.
    """
    stem, _, number = component.rpartition("-")
    return stem if component.startswith("worker-") and number.isdecimal() else component


def links_of(spec: RangeSpec) -> tuple[tuple[str, str], ...]:
    """The links that a range of this allocation uses, as (client, server)."""
    there = {"haproxy", *spec.storefront_names}
    there |= {f"worker-{each}" for each, count in spec.worker_processes.items() if count}
    return tuple(
        (client, server)
        for client, servers in LINKS.items()
        for server in servers
        if client in there and (client != "haproxy" or server in there)
    )


def names_of_links(spec: RangeSpec) -> list[str]:
    """The same by their names, `client-to-server`."""
    return [link_name(*pair) for pair in links_of(spec)]


def seen_from(client: str, server: str, addresses: Addresses) -> Endpoint:
    """Where `client` reaches `server` in a range with a network."""
    client = client_of(client)
    if server not in LINKS.get(client, ()):
        return addresses.endpoint(server)
    return addresses.endpoint(link_name(client, server))


def wired(text: str, component: str, addresses: Addresses) -> str:
    """A released file as `component` gets it: servers' addresses are those of its links to them."""
    client = client_of(component)
    for server in LINKS.get(client, ()):
        there, link = addresses.endpoint(server), addresses.endpoint(link_name(client, server))
        text = re.sub(rf"(?<![\d.]){re.escape(str(there))}(?!\d)", str(link), text)
        if server == _MAIL[0]:
            text = _MAIL[1].sub(partial(_port, there, link), text)
    return text


def _port(there: Endpoint, link: Endpoint, found: re.Match[str]) -> str:
    return f"{found['before']}{link.port}" if int(found["port"]) == there.port else found[0]


def around_the_network(text: str, addresses: Addresses) -> list[Problem]:
    """Servers that a component would not reach over its links, by the shop's settings (a storefront.toml) as
    the component would read them: connections would find another way.
    """
    parse = import_module("storefront.settings").parse
    found: dict[str, Problem] = {}
    for client in ("storefront-1", *(f"worker-{each}" for each in WORKER_TYPES)):
        try:
            settings = parse(wired(text, client, addresses))
        except Exception:
            return []
        for key, server, named in _servers_named(settings):
            if server in LINKS[client] and named != str(seen_from(client, server, addresses)):
                found[key] = Problem(
                    "storefront/storefront.toml",
                    _line_of(key, text),
                    f"{key} does not name {server} by its address, written out: this shop's connections lead"
                    " through its network",
                    str(addresses.endpoint(server)),
                )
    return list(found.values())


def _servers_named(settings: Any) -> Iterator[tuple[str, str, str]]:
    """Of each setting that names a server: its key, the server, and its `host:port`."""
    dsn = conninfo_to_dict(settings.database.dsn)
    host = dsn["host"] if dsn.get("hostaddr") in (None, dsn.get("host")) else dsn["hostaddr"]
    yield "database.dsn", "postgres", f"{host}:{dsn.get('port')}"
    yield "cache.url", "valkey", _named_by(settings.cache.url)
    if settings.workers.broker_url:
        yield "workers.broker_url", "valkey", _named_by(settings.workers.broker_url)
    yield "partner.url", "partner", _named_by(settings.partner.url)
    yield "mail.port", "mailsink", f"{settings.mail.host}:{settings.mail.port}"


def _named_by(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}"
    except ValueError:
        return url


def _line_of(key: str, text: str) -> int:
    """The first line that sets the last part of a key; 0 where none does."""
    name = re.compile(rf"\s*(?:[\w.]+\.)?{key.rpartition('.')[2]}\s*=")
    return next((number for number, line in enumerate(text.splitlines(), 1) if name.match(line)), 0)
