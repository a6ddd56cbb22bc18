"""An experiment's file: what is wrong in it is said with its line."""

import json
from pathlib import Path

import pytest
import yaml

from drillyard.base.errors import UserError
from drillyard.chaos.loading import line_of, load
from drillyard.chaos.toolkit_log import set_up_log


@pytest.mark.parametrize(
    ("name", "text", "said", "where"),
    [
        ("a.yaml", "title: x\n  y: [", "cannot be read", "a.yaml:2"),
        ("a.json", '{"title": 1,\n  oops}', "cannot be read", "a.json:2"),
        ("a.txt", "title: x", "cannot be read", "a.txt"),
        ("a.yaml", "- 1", "is a mapping", "a.yaml"),
        ("a.yaml", "title: x\ndescription: d\nmethod: 3", "`method` has to be a list", "a.yaml:3"),
        ("a.yaml", "title: x\ndescription: d\nmethod:\n- 3", "an activity is a mapping", "a.yaml:4"),
        ("a.yaml", "title: x\ndescription: d\nconfiguration: no", "`configuration`", "a.yaml:3"),
        ("a.yaml", "title: x\nmethod: []", "requires a description", "a.yaml"),
        (
            "a.yaml",
            "title: x\ndescription: d\nmethod:\n- type: action\n  name: n\n",
            "requires a provider",
            "a.yaml:4, method[0]",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, name: str, text: str, said: str, where: str
) -> None:
    (tmp_path / name).write_text(text)
    set_up_log(verbose=False)
    with pytest.raises(UserError) as caught:
        load(tmp_path / name)
    assert said in caught.value.what
    assert caught.value.where.startswith(str(tmp_path / where))
    assert caught.value.next_step


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load(tmp_path / "nowhere.yaml")


def test_places_have_lines_in_json_too(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"title": "x", "method": [{"a": 1}, {"b": 2}]}, indent=1))
    assert line_of(file, "method[1]") == 7
    assert line_of(file, "rollbacks") == 0
    file.write_text(yaml.safe_dump({"method": [{"a": 1}]}))
    assert line_of(file, "method[7]") == 2
