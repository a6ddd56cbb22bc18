"""What is shown of an operation that somebody else began, or that was left."""

from typing import cast, get_args

import pytest
from pydantic import JsonValue

from drillyard.base.errors import ExitCode, UserError
from drillyard.cli import disaster, following, recoveries, results, watch
from drillyard.drill.client import Client
from drillyard.drill.naming import noun
from drillyard.drill.recovery_views import RecoveriesView, RecoveryView, RehearsalView, StruckView
from drillyard.drill.views import CheckedView, TaskVerdictView
from drillyard.drill.wire import (
    Check,
    Disaster,
    OperationView,
    Recovered,
    Rehearse,
    Request,
    State,
    Submit,
    Traffic,
)

RECOVERY = RecoveryView(
    number=3, disaster="backup-unreadable", title="The newest backup is unreadable", detail="base.tar",
    graded=False, by="runbook", recovery_s=12.5, recovery_point_s=1.0, asked=1, failed=1, fates={"lost": 2},
    lost_cents=100, missed_cents=0, findings=["the table users is gone"],
)  # fmt: skip
REHEARSAL = RehearsalView(
    restored=True, why="", seconds=9.0, recovery_point_s=1.0, lost=0, lost_cents=0, tried=5, bought=5,
    gone=[], rows_lost={}, differing=[],
)  # fmt: skip


def operation(request: Request, state: State = "running") -> OperationView:
    return OperationView(id=7, request=request, state=state, created=0, ended=None, events=0)


def kinds() -> set[str]:
    return {each.model_fields["kind"].default for each in get_args(get_args(Request)[0])}


def test_every_operation_can_be_shown() -> None:
    assert set(results.SHOW) == kinds()


@pytest.mark.parametrize(
    ("request_", "result", "words", "code"),
    [
        (Recovered(), RECOVERY.model_dump(mode="json"), "customers were away", ExitCode.FAILED),
        (Disaster(runbook=True), RECOVERY.model_dump(mode="json"), "customers were away", ExitCode.FAILED),
        (
            Disaster(),
            StruckView(number=4, graded=False).model_dump(mode="json"),
            "Disaster 4 has struck",
            ExitCode.OK,
        ),
        (Rehearse(), REHEARSAL.model_dump(mode="json"), "The shop came back after 9.0 s", ExitCode.OK),
        (
            Check(),
            CheckedView(
                outcome="inconclusive",
                tasks=[TaskVerdictView(task="a", title="Find it", outcome="inconclusive", checks=[])],
                measurement="c1",
            ).model_dump(mode="json"),
            "Find it",
            ExitCode.INCONCLUSIVE,
        ),
        (Traffic(), {"rate": 0}, "No customers come now.", None),
    ],
)
def test_a_watched_operation_ends_as_its_own_command_does(
    request_: Request,
    result: JsonValue,
    words: str,
    code: ExitCode | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert results.show(request_, result, as_json=False) == code
    assert words in capsys.readouterr().out
    assert results.show(request_, result, as_json=True) == code
    assert capsys.readouterr().out.startswith("{")


def test_operations_are_called_by_words() -> None:
    assert noun(Rehearse()) == "rehearsal"
    assert noun(Recovered()) == "look at what was recovered"
    assert noun(Disaster()) == "disaster"
    assert watch._ended(operation(Rehearse(), "cancelled")) == "Interrupted: the rehearsal was given up."
    assert "had ended already" in watch._ended(operation(Recovered(), "done"))


def test_where_nothing_runs_the_last_operation_is_named() -> None:
    with pytest.raises(UserError, match=r"operation 7 \(rehearsal\)"):
        watch._find([operation(Rehearse(), "done")], None)


class _Cancelling:
    def __init__(self, state: State) -> None:
        self.state = state
        self.cancelled: list[int] = []

    def cancel(self, number: int) -> OperationView:
        self.cancelled.append(number)
        return operation(Rehearse(), self.state)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("cancelled", "the rehearsal was given up, and the range is as it was before"),
        ("done", "drill watch 7"),
    ],
)
def test_ctrl_c_gives_a_rehearsal_up(state: State, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    client = _Cancelling(state)
    following._interrupted(cast("Client", client), operation(Rehearse()))
    assert client.cancelled == [7]
    assert said in " ".join(capsys.readouterr().err.split())


def test_ctrl_c_leaves_a_submission_alone(capsys: pytest.CaptureFixture[str]) -> None:
    client = _Cancelling("cancelled")
    following._interrupted(cast("Client", client), operation(Submit()))
    assert client.cancelled == []
    assert "the submission goes on" in capsys.readouterr().err


def test_recoveries_are_listed_with_the_kinds_that_documents_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recoveries.draw_all(RecoveriesView(recoveries=[RECOVERY]))
    assert "backup-unreadable" in capsys.readouterr().out
    recoveries.draw(RECOVERY)
    shown = capsys.readouterr().out
    assert "backup-unreadable" in shown
    assert "1 of 1 request" in shown
    assert "1 requests" not in shown


@pytest.mark.parametrize(
    ("kind", "graded", "runbook", "said"),
    [
        (None, True, False, ["Ordinary business", "unannounced"]),
        (None, False, False, ["unannounced, in some seconds"]),
        (None, False, True, ["unannounced, in some seconds", "your runbook runs alone"]),
        ("data-gone", False, True, ["your runbook runs alone"]),
        ("data-gone", False, False, []),
    ],
)
def test_what_a_disaster_waits_for_is_said_at_once(
    *, kind: str | None, graded: bool, runbook: bool, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    disaster._announce(kind, graded=graded, runbook=runbook)
    told = " ".join(capsys.readouterr().err.split())
    assert all(words in told for words in said)
    assert bool(told) == bool(said)
