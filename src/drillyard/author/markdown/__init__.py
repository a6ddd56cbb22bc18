"""Outlines as Markdown that is written to the template: `reading` and `writing` are each other's inverse."""
