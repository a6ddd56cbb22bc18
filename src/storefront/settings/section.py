"""What every section of the settings is made of."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

RESTART = "restart"


class Section(BaseModel):
    """One table of `storefront.toml`: immutable, and a key that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def setting(default: Any, description: str, *, restart: bool = False, **limits: Any) -> Any:
    """One setting with its default and its documentation.

    `restart` says that a running process cannot take a new value; `limits` are pydantic's (`gt`, `ge`, `le`,
    `min_length`, `pattern`, ...).
    """
    return Field(default, description=description, json_schema_extra={RESTART: restart}, **limits)


def wants_restart(field: FieldInfo) -> bool:
    """Whether a changed value of this setting is taken only by a new process."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get(RESTART))
