"""Where a fault is: the same place, however its links are spelled."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache

from drillyard.assess.experiments.runs import Injected
from drillyard.range.addresses import LINKS, link_name

_BETWEEN = "-to-"
_REPLICA = re.compile(r"^storefront-\d+$")
_REPLICAS = "storefront-*"


def place(fault: Injected) -> str:
    """The link, component or worker that it is on, as the experiment spells it."""
    for name in ("link", "component", "replica", "worker"):
        if isinstance(found := fault.parameters.get(name), str):
            return found
    return ""


def kind_of_place(fault: Injected) -> str:
    """Of links, the servers; of a component, what it is, whichever it is of several."""
    if not isinstance(link := fault.parameters.get("link"), str):
        return _kind(place(fault))
    return "+".join(sorted({_kind(name.rpartition(_BETWEEN)[2]) for name in _meant(link)})) or _kind(link)


def _kind(component: str) -> str:
    return re.sub(r"[-*?0-9]+$", "", component)


def spellings(fault: Injected) -> Iterator[str]:
    """Its place as a scenario's vocabulary may name it.

    Of links, several replicas are `storefront-*`, one is called by its name, and so is each type of worker.
    """
    if not isinstance(link := fault.parameters.get("link"), str):
        yield place(fault)
        return
    pairs = {_ends(name) for name in _meant(link)}
    servers = {server for _, server in pairs}
    for server in sorted(_as_one(servers)):
        clients = {client for client, other in pairs if fnmatchcase(other, server)}
        yield from (link_name(client, server) for client in sorted(_as_one(clients)))


def _ends(link: str) -> tuple[str, str]:
    client, _, server = link.rpartition(_BETWEEN)
    return client, server


def _as_one(components: set[str]) -> set[str]:
    """With one name for several replicas."""
    replicas = {each for each in components if _REPLICA.match(each)}
    return components if len(replicas) < 2 else components - replicas | {_REPLICAS}


@cache
def _meant(pattern: str) -> frozenset[str]:
    names = (link_name(client, server) for client, servers in LINKS.items() for server in servers)
    return frozenset(name for name in names if fnmatchcase(name, pattern))
