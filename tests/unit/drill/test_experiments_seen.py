"""What met a fault of the learner's is forgiven, and nothing else."""

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drillyard.base.clock import wall
from drillyard.drill.events import Applied, ApplyFailed, ApplyRefused, FaultEnded, FaultInjected
from drillyard.drill.experiments_seen import BEFORE_S, experiments_of, struck
from drillyard.drill.making import LEARNER
from drillyard.drill.places import create, new_record
from drillyard.drill.store import Store
from drillyard.drill.subjects import ledger_of
from drillyard.traffic.ledger import Entry, LedgerWriter, WriteClass


def test_orders_and_jobs_of_a_fault_are_forgiven_and_nothing_that_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))
    places = create(
        new_record(name="one", scenario="s", variant="1", workspace=tmp_path / "w", traffic=True, scale=None)
    )
    with closing(Store(places.store)) as store:
        engine = cast(Any, SimpleNamespace(places=places, store=store))
        assert not struck(engine).spans
        ledger = ledger_of(places.private, LEARNER)
        ledger.parent.mkdir(parents=True, exist_ok=True)
        writer = LedgerWriter(ledger)
        for key, ago in (("long-before", 600.0), ("shortly-before", 10.0)):
            writer.append(Entry(WriteClass.ACKNOWLEDGED, key, wall() - ago, answered=wall() - ago))
        writer.close()
        store.append(FaultInjected(number=1, fault="network.cut", parameters={}, duration_s=5.0))
        store.append(FaultEnded(number=1, fault="network.cut", why="ended on request"))
        found, now = struck(engine), wall()
    assert found.keys == {"shortly-before"}
    ((first, last),) = found.spans
    assert now - BEFORE_S - 5 < first < now - BEFORE_S + 5
    assert last <= now


def test_every_apply_that_may_have_touched_the_shop_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))
    record = new_record(
        name="one", scenario="s", variant="1", workspace=tmp_path / "w", traffic=True, scale=None
    )
    places = create(record)
    with closing(Store(places.store)) as store:
        engine = cast(Any, SimpleNamespace(places=places, store=store, record=record))
        assert experiments_of(engine).rollouts == ()
        store.append(ApplyRefused(problems=("x",)))
        store.append(Applied(files=("a",), took_s=3.0))
        store.append(ApplyFailed(took_s=5.0))
        now = wall()
        rollouts = experiments_of(engine).rollouts
    assert [round(each.ended - each.began, 3) for each in rollouts] == [3.0, 5.0]
    assert all(now - 10 < each.ended <= now for each in rollouts)
