"""A daemon that cannot run is told in a paragraph, with the end of what it said."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drillyard.base.errors import ExitCode
from drillyard.drill.places import Places
from drillyard.drill.spawn import DaemonError, reach


@pytest.fixture
def places() -> Iterator[Places]:
    with tempfile.TemporaryDirectory(prefix="drillyard-test-") as directory:
        made = Places(Path(directory) / "drills" / "shop")
        made.private.mkdir(parents=True, mode=0o700)
        made.record.write_text("{}")  # of no version that there is
        yield made


def test_a_daemon_that_ends_at_once_is_told_with_the_end_of_its_log(places: Places) -> None:
    with pytest.raises(DaemonError) as raised:
        reach(places)
    said = str(raised.value)
    assert raised.value.exit_code is ExitCode.FAILED
    assert said.startswith("The drill's daemon ended at once. The end of its log:")
    assert str(places.log) in said
    assert "Nothing of the drill is lost" in said
