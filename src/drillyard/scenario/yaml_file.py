"""Reading YAML that people write: bounded, without aliases, with the line of everything that is wrong.

Aliases are refused because a few of them can describe gigabytes (the "billion laughs"), and because a reader
of a scenario should find each value where it is used.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from drillyard.base.errors import Problem
from drillyard.scenario.errors import ScenarioError, broken

LIMIT_BYTES = 256 * 1024
"""Far more than any manifest needs; what is larger is a mistake or an attack."""

DEEPEST = 12
MOST_EVENTS = 20_000
"""Keys, values, and beginnings and ends of lists: the largest shipped file has under 2,000."""

Model = TypeVar("Model", bound=BaseModel)


def read_model(path: Path, model: type[Model]) -> Model:
    """Read `path` as YAML and validate it as `model`.

    Raises:
        ScenarioError: missing, too large, not YAML, with an alias, or not what `model` asks for.
    """
    tree = _read(path)
    try:
        return model.model_validate(_plain(tree))
    except ValidationError as error:
        problems = [
            Problem(str(path), _line(tree, found["loc"]), f"{_dotted(found['loc'])}: {_worded(found, model)}")
            for found in error.errors()
        ]
        raise ScenarioError(problems) from error


def _read(path: Path) -> object:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise broken(path, "the file is missing", next_step="Every scenario needs it.") from None
    if len(raw) > LIMIT_BYTES:
        raise broken(path, f"the file has {len(raw)} bytes", expected=f"{LIMIT_BYTES} at most")
    try:
        text = raw.decode()
        depth = 0
        for count, event in enumerate(YAML().parse(text)):
            if isinstance(event, CollectionStartEvent):
                depth += 1
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
            if depth > DEEPEST or count > MOST_EVENTS:
                line = event.start_mark.line + 1
                raise broken(path, "nested too deeply" if depth > DEEPEST else "too many entries", line=line)
            if isinstance(event, AliasEvent):
                raise broken(
                    path,
                    f"alias *{event.anchor}",
                    line=event.start_mark.line + 1,
                    expected="the value itself; aliases are not read",
                )
        return YAML().load(text)
    except UnicodeDecodeError as error:
        raise broken(path, f"not UTF-8 at byte {error.start}") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise broken(path, f"not YAML: {error.problem or error.context}", line=line) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise broken(path, f"not YAML: {error}") from error


def _plain(node: object) -> object:
    """The tree in Python's own types: ruamel's carry comments and styles that models need not know."""
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    for plain in (bool, int, float, str):
        if isinstance(node, plain):
            return plain(node)
    return node


def _line(tree: object, loc: Sequence[int | str]) -> int:
    """The line of the deepest part of `loc` that exists."""
    line, node = 1, tree
    for part in loc:
        try:
            if isinstance(node, CommentedMap) and part in node:
                line = node.lc.key(part)[0] + 1
                node = node[part]
            elif isinstance(node, CommentedSeq) and isinstance(part, int):
                line = node.lc.item(part)[0] + 1
                node = node[part]
            else:
                break
        except (KeyError, IndexError, TypeError):
            break
    return line


def _worded(found: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong, as one says it of a file."""
    if found["type"] == "extra_forbidden" and len(found["loc"]) == 1:
        near = get_close_matches(str(found["loc"][0]), model.model_fields, 1)
        return "there is no such field" + (f"; is it `{near[0]}`?" if near else "")
    return _WORDS.get(found["type"], found["msg"].removeprefix("Value error, "))


_WORDS = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such field",
    "string_type": "it has to be a text",
    "int_type": "it has to be a whole number",
    "int_parsing": "it has to be a whole number",
    "int_from_float": "it has to be a whole number",
    "float_type": "it has to be a number",
    "float_parsing": "it has to be a number",
    "bool_type": "it has to be `true` or `false`",
    "bool_parsing": "it has to be `true` or `false`",
    "tuple_type": "it has to be a list",
    "list_type": "it has to be a list",
    "dict_type": "it has to be a mapping, lines of `name: value`",
    "model_type": "it has to be a mapping, lines of `name: value`",
}
"""What pydantic says in its own words, by the type of its errors."""


def _dotted(loc: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in loc) or "the file"
