import signal
import subprocess
import sys

import pytest

from drillyard.base.clock import wait_until
from drillyard.base.errors import DeadlineError
from drillyard.base.processes import ProcessIdentity, end_all


def start(code: str) -> tuple[subprocess.Popen[bytes], ProcessIdentity]:
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}; print('up', flush=True); import time; time.sleep(60)"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    identity = ProcessIdentity.of(process.pid)
    assert identity is not None
    return process, identity


def test_a_process_that_ignores_term_is_ended_within_the_grace() -> None:
    process, identity = start("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    end_all([identity], grace_s=0.1)
    assert process.wait(5) == -signal.SIGKILL
    assert not identity.alive()


def test_a_reused_pid_is_not_the_same_process() -> None:
    process, identity = start("pass")
    impostor = ProcessIdentity(identity.pid, identity.started - 100)
    assert not impostor.alive()
    assert not impostor.send(signal.SIGKILL)
    end_all([identity], grace_s=1)
    process.wait(5)


def test_a_pid_that_never_was_has_no_identity() -> None:
    process, identity = start("pass")
    end_all([identity], grace_s=1)
    process.wait(5)
    assert ProcessIdentity.of(2**22 + 1) is None


def test_a_condition_that_stays_false_names_itself_at_its_deadline() -> None:
    with pytest.raises(DeadlineError, match="the moon is blue"):
        wait_until(lambda: False, deadline_s=0.01, what="the moon is blue")
