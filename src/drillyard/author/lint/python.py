"""The Python of a scenario uses names that there are, readings that are measured, subjects that it needs."""

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

from drillyard.author.lint.finding import Finding, Linted

_SUBJECTS = ("learner", "twin", "par")
_BY_NAME = ("ratio", "totals", "values")
"""Methods of a measurement whose first argument names a reading."""


def _rule(linted: Linted) -> Iterator[Finding]:
    directory = linted.scenario.directory
    for path in (directory / "flaws.py", directory / "checks.py"):
        if path.is_file():
            tree = ast.parse(linted.text(path), str(path))
            yield from _names(linted, path, tree)
    checks = directory / "checks.py"
    if checks.is_file():
        yield from _readings(linted, checks)


def _names(linted: Linted, path: Path, tree: ast.Module) -> Iterator[Finding]:
    """Names that nothing defines, wherever they stand: Python itself finds them when it gets there."""
    defined = set(dir(builtins)) | {"__file__", "__name__", "__doc__"}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                defined.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                defined.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                defined |= {(each.asname or each.name).partition(".")[0] for each in names}
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                defined.add(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in defined:
            yield linted.wrong(
                path, node.lineno, f"there is no name `{node.id}` here", "Import or define it."
            )


def _readings(linted: Linted, path: Path) -> Iterator[Finding]:
    known = linted.readings
    tree = ast.parse(linted.text(path), str(path))
    needs = {check.judge.__name__: check.needs for check in linted.checks if hasattr(check.judge, "__name__")}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        needed = needs.get(function.name)
        for line, subject in _subjects(function) if needed is not None else ():
            if subject not in {str(each) for each in needed or ()}:
                yield linted.wrong(
                    path, line, f"`{function.name}` looks at {subject}, which is not among its `needs`",
                    "Name it there: what is not needed is not measured.",
                )  # fmt: skip
        for line, name in _asked(function):
            if not any(each.matches(name) for each in known):
                yield linted.wrong(
                    path, line, f"nothing measures `{name}`", "docs/readings.md lists what is measured."
                )


def _subjects(function: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    """Whose readings a check asks for: `m.twin[...]`, `m.ratio(..., "learner", "par")`."""
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in _SUBJECTS
            and _is_measurement(function, node.value)
        ):
            yield node.lineno, node.attr
        if isinstance(node, ast.Call) and _method(function, node) in _BY_NAME:
            for argument in node.args[1:]:
                if isinstance(argument, ast.Constant) and argument.value in _SUBJECTS:
                    yield argument.lineno, str(argument.value)


def _asked(function: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    """Readings that are named outright; names that are put together are not looked at."""
    for node in ast.walk(function):
        match node:
            case ast.Subscript(
                value=ast.Attribute(value=owner, attr=subject), slice=ast.Constant(value=str(name))
            ) if subject in _SUBJECTS and _is_measurement(function, owner):
                yield node.lineno, name
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if _method(function, node) in _BY_NAME:
                yield node.lineno, name


def _method(function: ast.FunctionDef, call: ast.Call) -> str:
    named = isinstance(call.func, ast.Attribute) and _is_measurement(function, call.func.value)
    return call.func.attr if named and isinstance(call.func, ast.Attribute) else ""


def _is_measurement(function: ast.FunctionDef, node: ast.expr) -> bool:
    """Whether it is the function's first parameter."""
    first = function.args.args[0].arg if function.args.args else ""
    return isinstance(node, ast.Name) and bool(first) and node.id == first


RULE = _rule
