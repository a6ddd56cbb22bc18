"""Readings, windows, paired comparison, and the sources they come from."""
