"""What a process can take while it runs, and what it cannot."""

from pydantic import BaseModel

from storefront.settings.model import Settings
from storefront.settings.section import wants_restart


def _changed(old: BaseModel, new: BaseModel, prefix: str, *, only_restart: bool) -> list[str]:
    names: list[str] = []
    for name, field in type(old).model_fields.items():
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if isinstance(before, BaseModel) and isinstance(after, BaseModel):
            names += _changed(before, after, f"{prefix}{name}.", only_restart=only_restart)
        elif not only_restart or wants_restart(field):
            names.append(prefix + name)
    return names


def changed(old: Settings, new: Settings) -> list[str]:
    """Names (`cache.product.ttl_s`) of all settings that differ."""
    return _changed(old, new, "", only_restart=False)


def needs_restart(old: Settings, new: Settings) -> list[str]:
    """Names of the changed settings that only a new process takes; empty when SIGHUP is enough."""
    return _changed(old, new, "", only_restart=True)
