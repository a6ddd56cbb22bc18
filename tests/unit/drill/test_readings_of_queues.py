"""A queue that was seen and holds nothing is empty; one that was never seen is not there."""

import pytest

from drillyard.drill.readings_now import KnownQueues, ReadingsView, ReadingView


def look(**values: float) -> ReadingsView:
    readings = [
        ReadingView(name=name.replace("_of_", "."), value=value, unit="s", source="the broker")
        for name, value in values.items()
    ]
    return ReadingsView(began=1.0, ended=2.0, readings=readings)


def values(view: ReadingsView) -> dict[str, float]:
    return {each.name: each.value for each in view.readings}


@pytest.mark.parametrize("of", ["oldest", "depth", "delayed"])
def test_a_queue_that_was_seen_is_empty(of: str) -> None:
    queues, name = KnownQueues(), f"queue.{of}.payments"
    seen = ReadingView(name=name, value=3.0, unit="s", source="the broker")
    first = look().model_copy(update={"readings": [seen]})
    assert values(queues.complete(first)) == {name: 3.0}
    assert values(queues.complete(look(queue_of_depth_max=1.0))) == {"queue.depth_max": 1.0, name: 0.0}
    assert values(queues.complete(first)) == {name: 3.0}


def test_nothing_is_said_of_a_broker_that_nobody_could_look_at() -> None:
    queues = KnownQueues()
    queues.complete(look(queue_of_depth_of_mails=2.0, queue_of_depth_max=2.0))
    assert values(queues.complete(look(requests_of_count=1.0))) == {"requests.count": 1.0}


def test_what_was_never_seen_is_not_there() -> None:
    assert values(KnownQueues().complete(look(queue_of_depth_max=0.0))) == {"queue.depth_max": 0.0}
