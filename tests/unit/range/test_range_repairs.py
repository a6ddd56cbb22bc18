from pathlib import Path

from drillyard.range.addresses import Addresses
from drillyard.range.component import Site
from drillyard.range.components.valkey import Valkey
from drillyard.range.member import Member, State
from drillyard.range.privileges import service_account
from drillyard.range.repairs import Repairs


def member(name: str, state: State, reason: str = "") -> Member:
    made = Member(Valkey(name, Site(Path("/x") / name, Addresses("127.0.0.1", {}), service_account())))
    made.become(state, reason)
    return made


def test_what_was_put_back_and_what_came_of_it_is_told_component_by_component() -> None:
    members = [
        member("haproxy", State.READY),
        member("postgres", State.FAILED, "The data directory holds no database cluster\n  at: there"),
        member("valkey", State.STARTING),
        member("prometheus", State.READY),
        member("storefront-1", State.FAILED, "waits for postgres"),
        member("mailsink", State.READY),
    ]
    repairs = Repairs(
        ("haproxy", "postgres", "prometheus", "$CONFIG"), ("haproxy", "postgres", "valkey", "storefront-1")
    )
    assert repairs.told(members) == (
        "$CONFIG: was put back",
        "haproxy: its configuration was put back, it was started",
        "postgres: its configuration was put back, it does not run yet:"
        " The data directory holds no database cluster",
        "valkey: it is being started",
        "prometheus: its configuration was put back",
    )


def test_nothing_is_told_where_nothing_lacked() -> None:
    assert Repairs((), ()).told([member("valkey", State.READY), member("standby", State.FAILED, "x")]) == ()
