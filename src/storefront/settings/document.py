"""The documented example: every setting with meaning, limits and default. `default.toml` is made by this."""

import json
import textwrap
from enum import Enum

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from storefront.settings.model import Settings
from storefront.settings.section import wants_restart

HEAD = """\
# The settings of the shop. Every process (replicas, workers, partner, mail sink) reads this file.
# A setting that is left out has the value shown here. "restart" marks what a running process cannot take;
# everything else is taken on SIGHUP. A variable STOREFRONT_<SECTION>__<SETTING> in the environment wins.
"""


def _value(value: object) -> str:
    if value is None:
        return '""'
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, list | tuple | frozenset | set):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str | bool | int | float):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(str(value))


def _limits(field: FieldInfo) -> str:
    words = []
    for limit in field.metadata:
        match limit:
            case Ge(ge=bound):
                words.append(f"at least {bound}")
            case Gt(gt=bound):
                words.append(f"more than {bound}")
            case Le(le=bound):
                words.append(f"at most {bound}")
            case Lt(lt=bound):
                words.append(f"less than {bound}")
    if isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
        words.append("one of " + ", ".join(str(member.value) for member in field.annotation))
    if wants_restart(field):
        words.append("restart")
    return f" ({'; '.join(words)})" if words else ""


def _section(model: BaseModel, name: str) -> list[str]:
    about = " ".join((type(model).__doc__ or "").split())
    lines = ["", *textwrap.wrap(about, 106, initial_indent="# ", subsequent_indent="# "), f"[{name}]"]
    tables: list[str] = []
    for key, field in type(model).model_fields.items():
        value = getattr(model, key)
        if isinstance(value, BaseModel):
            tables += _section(value, f"{name}.{key}")
            continue
        text = (field.description or "") + _limits(field)
        lines += textwrap.wrap(text, 106, initial_indent="# ", subsequent_indent="# ")
        lines.append(f"{key} = {_value(value)}")
    return lines + tables


def example() -> str:
    """The text of `default.toml`."""
    defaults = Settings.model_construct()
    lines = [line for name in Settings.model_fields for line in _section(getattr(defaults, name), name)]
    return HEAD + "\n".join(lines) + "\n"
