import pytest

from drillyard.drill.overview import _next_step
from drillyard.drill.views import TaskView


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
