"""Named queries, one file an area."""
