import pytest
from rich.console import Console

from drillyard.cli import verdicts
from drillyard.drill.views import EvidenceView, TaskVerdictView, VerdictView


def drawn(monkeypatch: pytest.MonkeyPatch, evidence: EvidenceView, status: str = "inconclusive") -> list[str]:
    console = Console(width=60, record=True, file=None, quiet=False)
    monkeypatch.setattr(verdicts, "out", console)
    check = VerdictView.model_construct(
        id="c",
        title="Customers feel it",
        status=status,
        reason="",
        evidence=[evidence],
        our_bug=False,
    )
    task = TaskVerdictView.model_construct(title="Task", outcome=status, self_assessed="", checks=[check])
    with console.capture() as captured:
        verdicts.draw_task(task)
    return captured.get().splitlines()


def evidence(**given: object) -> EvidenceView:
    usual = {"what": "w", "status": "inconclusive", "value": None, "unit": "", "low": None, "high": None}
    more = {"threshold": "", "reason": "", "source": "", "look_next": "", "aside": False}
    return EvidenceView.model_construct(**{**usual, **more, **given})  # type: ignore[arg-type]  # fields by name


def test_a_long_reason_goes_on_below_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(monkeypatch, evidence(reason="[1.2] " + "busy " * 30))
    below = [line for line in lines if "busy" in line]
    assert len(below) > 1
    assert all(line.startswith("      ") and len(line.rstrip()) <= 60 for line in below)
    assert below[0].startswith("      [1.2] busy")


def test_what_a_check_passed_in_spite_of_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for aside in (True, False):
        given = evidence(what="one does not count", look_next="look again", aside=aside)
        lines = drawn(monkeypatch, given, "pass")
        assert any("one does not count" in line for line in lines) is aside


def test_a_check_is_not_named_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(monkeypatch, evidence(what="Customers feel it", reason="not measured"))
    assert sum("Customers feel it" in line for line in lines) == 1
