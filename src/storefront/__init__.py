"""The storefront: a shop that a Python team could run in production. It knows nothing of training."""

__version__ = "0.1.0"
