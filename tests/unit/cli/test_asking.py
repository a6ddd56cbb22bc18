"""What costs points or cannot be undone is asked for, or said with --yes; wherever the output goes."""

import os
import pty
import subprocess
import sys

import pytest

from drillyard.base.errors import UserError
from drillyard.cli.asking import confirm

ASK = "from drillyard.cli.asking import confirm; confirm('Really?'); print('yes')"


def test_without_a_terminal_nobody_said_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(UserError, match="Really") as refused:
            confirm("Really?")
    assert "--yes" in str(refused.value)


@pytest.mark.parametrize(("answer", "said"), [(b"y\n", "yes\n"), (b"n\n", "")])
def test_who_sends_messages_to_a_file_is_asked_all_the_same(answer: bytes, said: str) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        done = subprocess.run(
            [sys.executable, "-c", ASK], stdin=theirs, capture_output=True, text=True, check=False
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Really? [y/N]" in done.stderr
    assert done.stdout.lstrip() == said  # readline repeats the last character of the prompt
