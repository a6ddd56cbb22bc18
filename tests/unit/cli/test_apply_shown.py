import pytest
from pydantic import JsonValue

from drillyard.cli.apply import show


@pytest.mark.parametrize(
    ("files", "actions", "said"),
    [
        ([], [], "Nothing has changed since the last apply.\n"),
        (
            [],
            ["haproxy: its configuration was put back"],
            "No file has changed since the last apply. Put right with it:\n"
            "  haproxy: its configuration was put back\n",
        ),
        (["a"], ["valkey: reloaded"], "Applied: a\n  valkey: reloaded\n"),
    ],
)
def test_what_an_apply_did_is_shown_also_when_no_file_had_changed(
    files: list[JsonValue], actions: list[JsonValue], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show({"files": files, "actions": actions, "notices": []}, as_json=False)
    assert capsys.readouterr().out == said
