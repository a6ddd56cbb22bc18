from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.base.errors import UserError
from drillyard.scenario.flaw import Flaw
from drillyard.scenario.manifest import Variants
from drillyard.scenario.plant import Plant
from drillyard.scenario.variant import choose

FAMILIES = ("cache", "database", "workers", "allocation")
RULES = Variants(
    minimum=8, maximum=10, per_family={"database": 3, "cache": 2, "workers": 1}, always=("workers-0",)
)


def _flaw(family: str, number: int) -> Flaw:
    def plant(to: Plant) -> None:
        to.edit_toml("x.toml", f"{family}.{number}", to.rng.randint(1, 10**9))

    excludes = (f"{family}-{number - 1}",) if number == 1 else ()
    return Flaw(f"{family}-{number}", family, "", "r", "up", 1.3, excludes, plant)


FLAWS = [_flaw(family, number) for family in FAMILIES for number in range(5)]


@given(st.integers(min_value=0, max_value=10**6))
def test_every_seed_plants_enough_of_each_family_and_nothing_that_excludes_another(seed: int) -> None:
    variant = choose("s", str(seed), FLAWS, RULES)
    ids = {flaw.id for flaw in variant.flaws}
    by_family = Counter(flaw.family for flaw in variant.flaws)
    assert 8 <= len(ids) <= 10
    assert all(by_family[family] >= least for family, least in RULES.per_family.items())
    assert "workers-0" in ids
    assert not any(set(flaw.excludes) & ids for flaw in variant.flaws)


def test_a_seed_always_gives_the_same_changes_and_another_seed_others() -> None:
    first, again, other = (choose("s", name, FLAWS, RULES).plan() for name in ("7", "7", "8"))
    assert first == again
    assert first != other


def test_the_changes_of_a_variant_survive_storing() -> None:
    plan = choose("s", "7", FLAWS, RULES).plan()
    assert type(plan).model_validate_json(plan.model_dump_json()) == plan


def test_authors_can_name_flaws_or_none() -> None:
    assert choose("s", "none", FLAWS, RULES).plan() == type(choose("s", "1", FLAWS, RULES).plan())()
    named = choose("s", "only:cache-2,database-0", FLAWS, RULES)
    assert [flaw.id for flaw in named.flaws] == ["cache-2", "database-0"]


@pytest.mark.parametrize("name", ["x", "-1", "only:", "only:absent"])
def test_an_unknown_variant_is_refused_with_a_next_step(name: str) -> None:
    with pytest.raises(UserError) as caught:
        choose("s", name, FLAWS, RULES)
    assert caught.value.next_step
