import pytest

from drillyard.measure.wilson import wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_bounds_are_those_of_the_published_table(
    successes: int, trials: int, low: float, high: float
) -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert wilson(successes / trials, trials, 0.95) == pytest.approx((low, high), abs=1e-4)


def test_without_trials_every_share_is_possible() -> None:
    assert wilson(0.0, 0, 0.95) == (0.0, 1.0)
