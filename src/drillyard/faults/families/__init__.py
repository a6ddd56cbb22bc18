"""Families of faults, one a module; see `faults.catalog`."""
