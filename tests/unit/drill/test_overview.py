import re

import pytest

from drillyard.drill.overview import _in_disaster, _next_step
from drillyard.drill.views import TaskView
from drillyard.drill.wire import Disaster, OperationView


def task(number: int, outcome: str | None) -> TaskView:
    return TaskView.model_construct(number=number, outcome=outcome, self_assessed=False)


@pytest.mark.parametrize(
    ("outcomes", "attempt", "first_words"),
    [
        (["pass", None], None, "drill brief 2"),
        (["pass", "inconclusive"], None, "drill brief 2"),
        (["pass", "inconclusive"], "done", "drill submit"),
        (["fail", "inconclusive"], "done", "drill brief 1"),
        (["pass", "pass"], None, "drill submit"),
        (["pass", "pass"], "done", "drill report"),
        (["pass", "pass"], "interrupted", "drill submit"),
    ],
)
def test_the_next_step_is_what_is_still_open(
    outcomes: list[str | None], attempt: str | None, first_words: str
) -> None:
    tasks = [task(number, outcome) for number, outcome in enumerate(outcomes, start=1)]
    assert _next_step("running", tasks, [], attempt).startswith(first_words)


def test_in_a_disaster_the_next_step_is_to_say_that_it_is_over() -> None:
    assert re.fullmatch(
        r"A disaster is open since \d\d:\d\d: drill recovered when you think it is over",
        _in_disaster(1e9, None),
    )


def test_a_runbook_that_is_at_work_is_watched() -> None:
    request = Disaster(runbook=True)
    running = OperationView(id=4, request=request, state="running", created=1e9, ended=None, events=1)
    assert _in_disaster(1e9, running).startswith("drill watch ")
