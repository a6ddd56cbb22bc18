"""Faults and readings as Chaos Toolkit sees them; tests/e2e runs its own command."""

import inspect
from pathlib import Path

import pytest
from chaoslib.exceptions import InvalidActivity
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.loader import load_experiment
from chaoslib.provider.python import validate_python_activity

from drillyard import chaos
from drillyard.chaos import actions, probes
from drillyard.faults.catalog import kinds

EXPERIMENTS = sorted((Path(__file__).parents[3] / "docs" / "experiments").glob("*.yaml"))


def activity(function: str, **arguments: object) -> dict[str, object]:
    provider = {"type": "python", "module": "drillyard.chaos.actions", "func": function}
    return {"type": "action", "name": "it", "provider": {**provider, "arguments": arguments}}


def test_every_fault_and_every_probe_is_discovered_with_its_arguments() -> None:
    found = {each["name"]: each for each in chaos.discover(discover_system=False)["activities"]}
    names = {kind.replace(".", "_").replace("-", "_") for kind in kinds()}
    assert found.keys() == names | {"end_faults"} | set(probes.__all__)
    arguments = {each["name"]: each for each in found["network_delay"]["arguments"]}
    assert "default" not in arguments["link"]
    assert arguments["delay_ms"]["default"] == 50
    assert arguments["seconds"]["default"] == 30
    assert all(each["doc"] for each in found.values())


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda path: path.stem)
def test_the_toolkit_finds_our_experiments_valid(experiment: Path) -> None:
    ensure_experiment_is_valid(load_experiment(str(experiment)))


@pytest.mark.parametrize(
    "wrong",
    [
        activity("network_delay"),
        activity("network_delay", link="a-to-b", nonsense=1),
        activity("network_dealy", link="a-to-b"),
    ],
)
def test_the_toolkit_refuses_a_wrong_action_before_it_runs(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidActivity):
        validate_python_activity(wrong)


def test_a_fault_s_parameters_come_in_an_order_that_python_takes() -> None:
    for name in actions.ACTIONS:
        signature = inspect.signature(getattr(actions, name))
        assert list(signature.parameters)[-3:] == ["seconds", "error_budget", "configuration"]
