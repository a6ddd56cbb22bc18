"""The scenario of a drill, read once by each daemon: who edits it meanwhile disturbs no running drill."""

from functools import cache

from drillyard.scenario.scenario import Scenario, find_scenario


@cache
def scenario_of(slug: str) -> Scenario:
    """The shipped scenario called `slug`, as it was when this process first asked.

    Raises:
        UserError: there is none, or it is broken.
    """
    return find_scenario(slug)
