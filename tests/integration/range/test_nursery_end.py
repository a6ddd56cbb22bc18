"""A supervisor that is killed is told to its nursery twice: by the closed socket and by SIGTERM."""

import subprocess
import sys
from pathlib import Path

SCENE = """
import os, signal, socket, sys
from pathlib import Path
from drillyard.range.ledger import Ledger
from drillyard.range.nursery import Nursery

really, sent = signal.signal, []

def meanwhile(number, handler):
    if handler is signal.SIG_IGN and number == signal.SIGTERM and not sent:
        sent.append(number)
        os.kill(os.getpid(), signal.SIGTERM)
    return really(number, handler)

class Told(Nursery):
    def _end_everything(self):
        print("ended everything", flush=True)

signal.signal = meanwhile
ours, theirs = socket.socketpair()
ours.close()
Told(theirs, Ledger(Path(sys.argv[1]))).serve()
"""


def test_the_second_word_of_its_end_does_not_keep_the_nursery_from_ending_everything(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCENE, str(tmp_path / "ledger")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended everything\n", "")
