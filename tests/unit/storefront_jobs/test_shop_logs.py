import json
import logging

import pytest

from storefront import logs
from storefront.settings.observability import LogLevel, Logs


def read(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_shop_s_and_the_libraries_lines_look_alike(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Logs(), "worker-1")
    logs.get_logger("storefront.x").info("ours", number=1)
    logging.getLogger("dramatiq.broker").warning("theirs %d", 2)
    ours, theirs = read(capsys)
    assert (ours["event"], ours["number"], ours["logger"]) == ("ours", 1, "storefront.x")
    assert (theirs["event"], theirs["logger"]) == ("theirs 2", "dramatiq.broker")
    for line in (ours, theirs):
        assert line["process"] == "worker-1"
        assert str(line["timestamp"]).endswith("Z")


def test_the_level_can_change_while_running(capsys: pytest.CaptureFixture[str]) -> None:
    log = logs.get_logger("storefront.x")
    logs.configure(Logs(level=LogLevel.WARNING), "p")
    log.info("not shown")
    logging.getLogger("uvicorn.error").info("not shown")
    logs.configure(Logs(level=LogLevel.DEBUG), "p")
    log.debug("shown")
    assert [line["event"] for line in read(capsys)] == ["shown"]


def test_an_exception_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Logs(), "p")
    try:
        raise ValueError("why")
    except ValueError:
        logs.get_logger("storefront.x").exception("failed")
    (line,) = read(capsys)
    assert "ValueError: why" in str(line["exception"])


def test_a_customer_s_hash_is_stable_and_depends_on_the_salt() -> None:
    assert logs.customer_hash(1, "a") == logs.customer_hash(1, "a")
    assert len({logs.customer_hash(1, "a"), logs.customer_hash(2, "a"), logs.customer_hash(1, "b")}) == 3
    assert len(logs.customer_hash(1, "a" * 200)) == 12
