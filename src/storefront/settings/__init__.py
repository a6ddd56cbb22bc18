"""The settings of the shop: one `storefront.toml`, a section a module, validated whole before it is used."""

from storefront.settings.changes import changed, needs_restart
from storefront.settings.loading import load, parse
from storefront.settings.model import Settings
from storefront.settings.problems import SettingsError, SettingsProblem

__all__ = ["Settings", "SettingsError", "SettingsProblem", "changed", "load", "needs_restart", "parse"]
