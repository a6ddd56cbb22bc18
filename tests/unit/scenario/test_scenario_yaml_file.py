from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from drillyard.scenario.errors import ScenarioError
from drillyard.scenario.yaml_file import LIMIT_BYTES, read_model


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int


class _Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    items: list[_Inner] = []


def _write(directory: Path, text: str) -> Path:
    path = directory / "file.yaml"
    path.write_text(text)
    return path


def _problem(path: Path) -> tuple[int, str]:
    with pytest.raises(ScenarioError) as caught:
        read_model(path, _Outer)
    found = caught.value.problems[0]
    return found.line, found.message


def test_a_good_file_becomes_a_model_of_plain_values(tmp_path: Path) -> None:
    read = read_model(_write(tmp_path, "name: x\nitems:\n  - size: 3\n"), _Outer)
    assert (read.name, read.items[0].size, type(read.name)) == ("x", 3, str)


def test_a_wrong_value_is_named_with_its_line(tmp_path: Path) -> None:
    line, message = _problem(_write(tmp_path, "name: x\nitems:\n  - size: 1\n  - size: many\n"))
    assert line == 4
    assert message == "items.1.size: it has to be a whole number"


def test_a_missing_field_points_at_the_place_where_it_belongs(tmp_path: Path) -> None:
    line, message = _problem(_write(tmp_path, "name: x\nitems:\n  - {}\n"))
    assert (line, message) == (3, "items.0.size: it is missing")


def test_an_unknown_field_is_refused(tmp_path: Path) -> None:
    line, message = _problem(_write(tmp_path, "name: x\nnmae: y\n"))
    assert (line, message) == (2, "nmae: there is no such field; is it `name`?")


def test_an_alias_is_refused_with_its_line(tmp_path: Path) -> None:
    line, message = _problem(_write(tmp_path, "name: &a x\nitems: *a\n"))
    assert (line, message) == (2, "alias *a")


def test_a_file_of_excess_size_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    _, message = _problem(_write(tmp_path, "name: " + "x" * LIMIT_BYTES))
    assert "bytes" in message


@pytest.mark.parametrize("text", ["name: [", "name: x\nname: y\n", "\tname: x"])
def test_what_is_not_yaml_is_refused_with_a_line(tmp_path: Path, text: str) -> None:
    line, message = _problem(_write(tmp_path, text))
    assert line >= 1
    assert message.startswith("not YAML")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    assert _problem(tmp_path / "absent.yaml") == (0, "the file is missing")
