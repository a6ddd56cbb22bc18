"""Which requests a measurement sends."""

from drillyard.drill.measuring import SEEDS, seed_of


def test_each_measurement_sends_other_requests_and_one_that_goes_on_the_same() -> None:
    seeds = {seed_of(drill, name) for drill in ("a", "b") for name in ("m1", "m2", "s1")}
    assert len(seeds) == 6
    assert all(seed % SEEDS == 0 for seed in seeds)
    assert seed_of("a", "s1") == seed_of("a", "s1")
