"""Drillyard: a flight simulator for operations engineers."""

__version__ = "0.1.0"
