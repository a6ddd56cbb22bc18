"""Experiments from files, as the toolkit reads and validates them; what is wrong is said with its line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaoslib.activity import ensure_activity_is_valid
from chaoslib.exceptions import ChaosException
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.loader import load_experiment
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from drillyard.assess.experiments.activities import HYPOTHESIS, activities
from drillyard.base.errors import UserError

Experiment = dict[str, Any]
_FORMAT = "The format: https://chaostoolkit.org/reference/api/experiment/"
_OURS = "Actions and probes of this shop are in docs/experiments.md."


def load(file: Path) -> Experiment:
    """An experiment, read and valid; modules that it names are imported, as the toolkit does.

    Raises:
        UserError: it cannot be read, or is not valid; says where.
    """
    experiment: Experiment = _read(file)
    _require_shape(experiment, file)
    try:
        ensure_experiment_is_valid(experiment)
    except ChaosException as error:
        raise _invalid(file, str(error), _culprit(experiment)) from error
    except (TypeError, AttributeError, LookupError, ValueError) as error:
        said = f"the toolkit cannot make sense of it: {error}"
        raise _invalid(file, said, _culprit(experiment)) from error
    return experiment


def line_of(file: Path, where: str) -> int:
    """The line of `where` (such as `method[0]`), or of the part of it that is there; 0 when not known."""
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError):
        return 0
    line = 0
    for part in where.replace("[", ".").replace("]", "").split("."):
        node = _inside(node, part)
        if node is None:
            break
        line = node.start_mark.line + 1
    return line


def place(file: Path, where: str) -> str:
    """`file:line, where`, as errors and remarks name it."""
    line = line_of(file, where)
    named = f"{file}:{line}" if line else str(file)
    return f"{named}, {where}" if where else named


def _inside(node: Node | None, part: str) -> Node | None:
    if isinstance(node, MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, SequenceNode) and part.isdigit() and int(part) < len(node.value):
        found: Node = node.value[int(part)]
        return found
    return None


def _read(file: Path) -> Any:
    if not file.is_file():
        raise UserError("There is no such file", where=str(file), next_step="Name an experiment's file.")
    try:
        return load_experiment(str(file))
    except (ChaosException, ValueError, RecursionError, OSError) as error:
        cause = error.__context__
        if mark := getattr(cause, "problem_mark", None):  # PyYAML's, which the toolkit reads with
            line, said = mark.line + 1, getattr(cause, "problem", None) or "not YAML"
        elif isinstance(error, json.JSONDecodeError):
            line, said = error.lineno, error.msg
        else:
            line, said = 0, str(error)
        raise UserError(
            f"The experiment cannot be read: {said}",
            where=f"{file}:{line}" if line else str(file),
            next_step="It has to be YAML (.yaml, .yml) or JSON (.json), in UTF-8.",
        ) from error


def _require_shape(experiment: Any, file: Path) -> None:
    """What the toolkit takes for granted."""
    if not isinstance(experiment, Mapping):
        raise _invalid(file, "an experiment is a mapping, lines of `name: value`", "")
    hypothesis = experiment.get(HYPOTHESIS)
    maps = {HYPOTHESIS: hypothesis, **{name: experiment.get(name) for name in ("configuration", "secrets")}}
    for name, value in maps.items():
        if name in experiment and not isinstance(value, Mapping):
            raise _invalid(file, f"`{name}` has to be a mapping, lines of `name: value`", name)
    probes = hypothesis.get("probes") if isinstance(hypothesis, Mapping) else None
    lists = {"method": experiment.get("method"), "rollbacks": experiment.get("rollbacks")}
    for name, value in {**lists, f"{HYPOTHESIS}.probes": probes}.items():
        if value is None and (name not in experiment or name == "method"):
            continue
        if not isinstance(value, list):
            raise _invalid(file, f"`{name}` has to be a list of activities", name)
        for index, each in enumerate(value):
            if not isinstance(each, Mapping):
                raise _invalid(file, "an activity is a mapping, lines of `name: value`", f"{name}[{index}]")


def _culprit(experiment: Experiment) -> str:
    """The activity that the toolkit refuses, if it is one."""
    for where, activity in activities(experiment):
        try:
            ensure_activity_is_valid(activity)
        except (ChaosException, TypeError, AttributeError, LookupError, ValueError):
            return where
    return ""


def _invalid(file: Path, said: str, where: str) -> UserError:
    return UserError(
        f"The experiment is not valid: {said}", where=place(file, where), next_step=f"{_FORMAT}. {_OURS}"
    )
