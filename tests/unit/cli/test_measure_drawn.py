"""What `drill measure` draws."""

import pytest

from drillyard.cli.measure import draw
from drillyard.drill.views import FigureRow, FiguresView


def figure(ratio: float | None) -> FigureRow:
    return FigureRow(
        name="latency.p95", unit="ms", value=20.0, low=None, high=None, twin=40.0, ratio=ratio,
        ratio_low=None, ratio_high=None, windows=[20.0], source="s",
    )  # fmt: skip


def measured(*ratios: float | None) -> FiguresView:
    rows = [figure(ratio) for ratio in ratios]
    return FiguresView(
        id="m1",
        at=0.0,
        label="",
        purpose="measure",
        complete=True,
        rows=rows,
        troubles=["the machine was busy"],
    )


@pytest.mark.parametrize(("ratios", "again"), [((None, None), True), ((None, 0.5), False)])
def test_a_machine_that_was_too_busy_is_told_with_what_to_do(
    ratios: tuple[float | None, ...], again: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(measured(*ratios))
    said = capsys.readouterr().out
    assert "the machine was busy" in said
    assert ("measure again" in said) is again
