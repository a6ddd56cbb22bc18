import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront import cache as cache_module
from storefront.cache import PATIENCE, Breaker, Entry


@given(st.binary(), st.floats(0, 4e9), st.floats(0, 100))
def test_an_entry_comes_back_as_it_was_kept(body: bytes, expires: float, cost: float) -> None:
    entry = Entry.unpack(Entry(body, expires, cost).pack())
    assert entry.body == body
    assert entry.expires == pytest.approx(expires, abs=0.001)
    assert entry.cost_s == pytest.approx(cost, abs=0.0001)


@pytest.mark.parametrize("data", [b"", b"no header", b"x y\n{}", b"1.0\n{}"])
def test_what_somebody_else_wrote_is_no_entry(data: bytes) -> None:
    with pytest.raises(ValueError):
        Entry.unpack(data)


def test_early_renewal_grows_likelier_towards_the_end() -> None:
    entry = Entry(b"", expires=100.0, cost_s=1.0)

    def share(now: float) -> float:
        return sum(entry.wants_early_renewal(now, 1.0) for _ in range(2000)) / 2000

    assert share(50) < 0.01
    assert 0.25 < share(99) < 0.5
    assert share(100) == 1.0


def test_the_cache_is_left_alone_after_failures_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(cache_module.time, "monotonic", lambda: now)
    breaker = Breaker()
    for _ in range(PATIENCE - 1):
        assert not breaker.failed()
    breaker.succeeded()
    for _ in range(PATIENCE - 1):
        assert not breaker.failed()
    assert breaker.closed
    assert breaker.failed()
    assert not breaker.closed
    now += cache_module.REST_S
    assert breaker.closed
