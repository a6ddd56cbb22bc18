"""The best scheduling that is granted is taken, and said truly."""

import os
import subprocess
import sys

import pytest

ASK = (
    "import os\n"
    "from drillyard.traffic.priority import be_scheduled_at_once\n"
    "print(be_scheduled_at_once(), os.sched_getscheduler(0))\n"
)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's scheduler")
def test_what_it_says_is_what_the_kernel_gave() -> None:
    said, policy = subprocess.run(
        [sys.executable, "-c", ASK], check=True, capture_output=True, text=True
    ).stdout.split()
    assert said in {"realtime", "short-slice", "normal"}
    assert (int(policy) == os.SCHED_RR) is (said == "realtime")
