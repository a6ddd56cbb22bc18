from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from drillyard.traffic.result import TrafficResult
from drillyard.traffic.seen import Sample, Seen


def offered(sample: Sample, number: int) -> None:
    for index in range(number):
        sample.offer(b"GET /api/products/%d HTTP/1.1\r\nHost: shop\r\n\r\n" % index, 3, 7.0, {"id": index})


def test_so_many_answers_are_kept_whole_and_never_more() -> None:
    sample = Sample(4)
    offered(sample, 3)
    assert sample.kept() == tuple(Seen(f"/api/products/{index}", 3, 7.0, {"id": index}) for index in range(3))
    offered(sample, 100)
    assert len(sample.kept()) == 4


def test_each_answer_is_as_likely_to_be_kept_as_the_others() -> None:
    kept: Counter[str] = Counter()
    for _ in range(2_000):
        sample = Sample(5)
        offered(sample, 20)
        kept.update(seen.path for seen in sample.kept())
    assert len(kept) == 20
    assert min(kept.values()) > 400
    assert max(kept.values()) < 600


def test_only_pages_are_kept() -> None:
    sample = Sample(4)
    sample.offer(b"POST /api/checkout HTTP/1.1\r\n\r\n", 3, 7.0, {"order_id": 1})
    sample.offer(b"GET /api/home HTTP/1.1\r\n\r\n", 0, 7.0, [1, 2])
    assert sample.kept() == ()
    nobody = Sample(0)
    offered(nobody, 10)
    assert nobody.kept() == ()


@pytest.mark.parametrize("seen", [(), (Seen("/api/home", 0, 7.0, {"new": [{"id": 1}]}),)])
def test_what_was_kept_survives_on_disk(tmp_path: Path, seen: tuple[Seen, ...]) -> None:
    result = TrafficResult(1.0, 2.0, 1, 1, {}, np.array([0.1]), True, seen=seen)
    result.save(tmp_path)
    assert TrafficResult.load(tmp_path).seen == seen
