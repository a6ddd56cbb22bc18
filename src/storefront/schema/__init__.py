"""The database's definition, as SQL in the order in which it is run."""

from importlib.resources import files


def script(name: str) -> str:
    """The text of one script: `tables`, `jobs`, `indexes` or `roles`."""
    if name == "jobs":
        return files("storefront.jobs").joinpath("tables.sql").read_text(encoding="utf-8")
    return files("storefront.schema").joinpath(f"{name}.sql").read_text(encoding="utf-8")
