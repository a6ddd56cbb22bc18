"""The same place however it is spelled."""

import pytest

from drillyard.assess.experiments.places import kind_of_place, spellings
from drillyard.assess.experiments.runs import Injected


def on(**where: str) -> Injected:
    return Injected(1, "network.cut", where, 10.0, 0.0)


@pytest.mark.parametrize(
    "link", ["storefront-*-to-valkey", "storefront*-to-valke*", "s*-to-valkey", "*-to-val*"]
)
def test_links_are_of_the_servers_that_they_lead_to(link: str) -> None:
    assert kind_of_place(on(link=link)) == "valkey"
    assert "storefront-*-to-valkey" in set(spellings(on(link=link)))


@pytest.mark.parametrize(
    ("link", "named"),
    [
        ("storefront-1-to-postgres", {"storefront-1-to-postgres"}),
        ("storefront-?-to-postgres", {"storefront-*-to-postgres"}),
        ("*-to-storefront-2", {"haproxy-to-storefront-2"}),
        ("haproxy-to-*", {"haproxy-to-storefront-*"}),
        ("worker-reports-to-valkey", {"worker-reports-to-valkey"}),
    ],
)
def test_one_replica_is_told_from_several(link: str, named: set[str]) -> None:
    assert set(spellings(on(link=link))) == named


def test_a_component_is_what_it_is() -> None:
    assert (kind_of_place(on(component="storefront-2")), list(spellings(on(component="storefront-2")))) == (
        "storefront",
        ["storefront-2"],
    )
    assert kind_of_place(Injected(1, "cache.flush", {}, 10.0, 0.0)) == ""
