"""How a run went, whether its journal is true, and who else was there."""

from dataclasses import replace

import pytest
from experiments_looks import AT, look, struck

from drillyard.assess.experiments.course import crowd_before, not_well, outcome, was_on


def test_a_spent_budget_is_no_hypothesis_that_held() -> None:
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12)])
    assert outcome(run, known) is True
    over = tuple(
        replace(each, ended=AT + 12, why="error budget spent: 9 requests failed") for each in known.injected
    )
    assert outcome(run, replace(known, injected=over)) is False


def test_who_asks_when_all_is_over_has_asked_nothing() -> None:
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12)])
    assert was_on(run, known)
    late = replace(run.after[0], began=AT + 28.5, ended=AT + 29.5)
    assert not was_on(replace(run, after=(late,)), known)
    assert was_on(replace(run, after=(replace(late, func="recovers_within"),)), known)


def test_a_hypothesis_that_could_not_be_asked_neither_held_nor_deviated() -> None:
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12)])
    failed = replace(run, after=(replace(run.after[0], status="failed"),), deviated=True, held_after=False)
    assert outcome(failed, known) is None
    often = replace(run, during=(run.after[0],), held_during=False)
    assert outcome(often, known) is False


def test_why_it_is_not_well_is_told_apart() -> None:
    run, known = struck("network.cut", {"link": "storefront-*-to-valkey"}, [look(AT + 12)])
    assert "nobody looked" in not_well(run, known)
    after = replace(known, observed=(*known.observed, look(AT + 32)))
    assert not_well(run, after) == ""
    bad = replace(known, observed=(*known.observed, look(AT + 32, requests__success_ratio=0.5)))
    assert "not served well" in not_well(run, bad)
    still = tuple(replace(each, ended=None) for each in known.injected)
    assert "is still on" in not_well(run, replace(after, injected=still))


def test_customers_are_counted_before_the_fault() -> None:
    crowd = [look(AT + 1, requests__count=360.0), look(AT + 5, requests__count=360.0)]
    run, known = struck("cache.flush", {}, [look(AT + 12)], crowd)
    assert crowd_before(run, known) == pytest.approx(120.0)
