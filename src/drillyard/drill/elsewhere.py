"""Whether all that a disaster takes lies where it takes it."""

from drillyard.base.errors import UserError
from drillyard.range.linked import leading_out, linked_elsewhere
from drillyard.range.range import Range


def nothing_elsewhere(range_: Range) -> None:
    """Look at everything that a disaster may take; blocking.

    Raises:
        UserError: a link leads from there to a place that would be left, or from there to here.
    """
    site = range_.composition.site
    storage = []
    if range_.host is not None:
        sites = range_.host.sites
        storage = [sites.backups, sites.archive, sites.config]
    for places in ((site("postgres").data,), tuple(storage)):
        if (link := leading_out(*places)) is not None:
            raise UserError(
                "What lies here would survive a disaster that takes this place: it is a link",
                where=str(link),
                next_step="Put the files themselves there.",
            )
    others = [site(name).data for name in ("haproxy", "valkey")]
    if range_.host is not None:
        others.append(range_.host.sites.home)
    for places in ((site("postgres").data,), tuple(storage), tuple(others)):
        found = linked_elsewhere(*places)
        # A job that links may be at it just now: what is found twice is so.
        if found is not None and (found := linked_elsewhere(*places)) is not None:
            raise UserError(
                "What lies here has another name elsewhere (a hard link):"
                " it would survive a disaster that takes this place, or be taken with it",
                where=str(found),
                next_step="Copy files (cp without -l) instead of linking them.",
            )
