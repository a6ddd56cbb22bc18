"""Which connections of a range lead through its network, where it has one.

A component that is a client finds, in its own copy of the released files, the proxy's address in the place of
the server's. What the learner writes names the servers, as in every other range; so a connection can be made
slow, narrow or dead between any two of these, whatever the files say. Who watches (Prometheus, the exporter,
measurements) and operators speak to the servers themselves.
"""

import re
from functools import partial

from drillyard.range.addresses import LINKS, Addresses, Endpoint, link_name
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
