"""The data set: made-up but uneven as in life, the same every time."""

from storefront.seed.build import SeedError, seed
from storefront.seed.shapes import Sizes

VERSION = 1
"""Changes whenever the rows, tables or indexes do: what another version built must be built again."""

__all__ = ["VERSION", "SeedError", "Sizes", "seed"]
