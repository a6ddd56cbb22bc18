"""Plans: only for shops on this machine."""

import pytest
from pydantic import ValidationError

from drillyard.traffic.plan import Constant, TrafficPlan, loopback


@pytest.mark.parametrize(
    ("target", "endpoint"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("127.9.8.7:1", ("127.9.8.7", 1)),
        ("localhost:80", ("127.0.0.1", 80)),
        ("[::1]:8080", ("::1", 8080)),
    ],
)
def test_loopback_targets_are_taken(target: str, endpoint: tuple[str, int]) -> None:
    assert loopback(target) == endpoint


@pytest.mark.parametrize(
    "target",
    [
        "10.0.0.1:80",
        "192.168.1.1:80",
        "0.0.0.0:80",
        "example.org:80",
        "127.0.0.1.example.org:80",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:70000",
        "127.0.0.1:8o",
        "128.0.0.1:80",
        "[2001:db8::1]:80",
        "",
    ],
)
def test_everything_else_is_refused(target: str) -> None:
    with pytest.raises(ValidationError):
        TrafficPlan(target=target, profile=Constant(rate=1), duration_s=1)


def test_a_plan_survives_json() -> None:
    plan = TrafficPlan(target="127.0.0.1:80", profile=Constant(rate=1), duration_s=1, mix={"buy": 2})
    assert TrafficPlan.model_validate_json(plan.model_dump_json()) == plan
