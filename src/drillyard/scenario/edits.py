"""Applying edits to the files of a workspace, the way a person would: comments and order stay."""

import re
from pathlib import Path

import tomlkit
from tomlkit.exceptions import ParseError

from drillyard.scenario.changes import (
    Changes,
    Edit,
    ReplaceText,
    SetConf,
    SetLine,
    SetQuery,
    SetToml,
    WriteFile,
)
from drillyard.scenario.errors import broken


def apply_edits(changes: Changes, workspace: Path) -> list[Path]:
    """Apply every edit of `changes` under `workspace`; returns the files touched, once each.

    Raises:
        ScenarioError: a file is missing, lies outside the workspace, or does not hold the text to replace.
    """
    touched: dict[Path, None] = {}
    for edit in changes.edits:
        path = _inside(workspace, edit.file)
        _apply(edit, path)
        touched[path] = None
    return list(touched)


def _inside(workspace: Path, file: str) -> Path:
    path = (workspace / file).resolve()
    if not path.is_relative_to(workspace.resolve()):
        raise broken(Path(file), "the file lies outside the workspace")
    return path


def _apply(edit: Edit, path: Path) -> None:
    match edit:
        case WriteFile():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(edit.content)
        case ReplaceText():
            text = _read(path)
            if edit.old not in text:
                raise broken(path, f"the text to replace is not there: {edit.old!r}")
            path.write_text(text.replace(edit.old, edit.new))
        case SetLine():
            path.write_text(_set_line(_read(path), edit, path))
        case SetConf():
            path.write_text(
                _set_directive(_read(path), edit.key, edit.value, assign=path.name != "valkey.conf")
            )
        case SetToml():
            _set_toml(path, edit)
        case SetQuery():
            path.write_text(_set_query(_read(path) if path.exists() else "", edit))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        raise broken(path, "the file to edit is missing") from None


def _set_directive(text: str, key: str, value: str, *, assign: bool) -> str:
    """Replace the last active line of `key` (the one that counts), or add one at the end."""
    line = f"{key} = {value}" if assign else f"{key} {value}"
    active = list(re.finditer(rf"^[ \t]*{re.escape(key)}(?:[ \t]*=|[ \t])[^\n#]*", text, re.MULTILINE))
    if active:
        found = active[-1]
        comment = "  " if text[found.end() : found.end() + 1] == "#" else ""
        return text[: found.start()] + line + comment + text[found.end() :]
    return text.rstrip("\n") + f"\n{line}\n"


def _set_line(text: str, edit: SetLine, path: Path) -> str:
    lines = text.split("\n")
    found = [number for number, line in enumerate(lines) if re.fullmatch(edit.match, line)]
    if len(found) != 1:
        raise broken(path, f"{len(found)} lines are like {edit.match!r}, and one has to be")
    lines[found[0]] = edit.line
    return "\n".join(lines)


def _set_query(text: str, edit: SetQuery) -> str:
    """Replace everything from the query's `-- name:` line to the next one, or add the query at the end."""
    new = edit.text.strip() + "\n\n" if edit.text else ""
    found = re.compile(rf"^-- name: *{re.escape(edit.name)}\b.*?(?=^-- name:|\Z)", re.MULTILINE | re.DOTALL)
    replaced, count = found.subn(lambda _: new, text, count=1)
    if not count and new:
        replaced = f"{text.rstrip()}\n\n{new}".lstrip()
    return replaced.rstrip() + "\n"


def _set_toml(path: Path, edit: SetToml) -> None:
    try:
        document = tomlkit.parse(_read(path))
    except ParseError as error:
        raise broken(path, f"not TOML: {error}", line=error.line) from error
    *parents, last = edit.key.split(".")
    table: object = document
    for name in parents:
        if not isinstance(table, dict):
            raise broken(path, f"`{edit.key}`: `{name}` has no place to be in")
        if name not in table:
            table[name] = tomlkit.table()
        table = table[name]
    if not isinstance(table, dict):
        raise broken(path, f"`{edit.key}` is not in a table")
    if edit.value is None:
        table.pop(last, None)
    elif isinstance(edit.value, dict):
        inline = tomlkit.inline_table()
        inline.update(edit.value)
        table[last] = inline
    else:
        table[last] = edit.value
    path.write_text(tomlkit.dumps(document))
