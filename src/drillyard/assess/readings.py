"""Everything that a measurement can hold, from whichever source; docs/readings.md is the same for people."""

from drillyard.assess import answers_seen, audit, customers, payments, probes, rehearsal
from drillyard.measure.source import Described
from drillyard.measure.sources import source_types


def described() -> tuple[Described, ...]:
    """By sources, from customers and what they saw, by audits, by probes that come with every scenario."""
    sources = (each for source in source_types() for each in source.describes)
    return (
        *customers.DESCRIBES,
        *answers_seen.DESCRIBES,
        *probes.described(),
        *audit.DESCRIBES,
        *payments.DESCRIBES,
        *rehearsal.DESCRIBES,
        *sources,
    )
