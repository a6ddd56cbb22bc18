"""What customers search for and which shelves they look at: words of the shop's catalogue, the popular ones
first.
"""

from collections.abc import Sequence

THINGS = (
    "kettle", "lamp", "chair", "backpack", "bottle", "table", "knife", "blanket", "clock", "mirror",
    "shelf", "basket", "pan", "mug", "plate", "towel", "pillow", "curtain", "carpet", "bench", "ladder",
    "hammer", "saw", "drill", "rake", "shovel", "hose", "bucket", "tent", "lantern", "stove", "helmet",
    "saddle", "pump", "bell", "notebook", "pen", "folder", "stapler", "globe", "puzzle", "kite", "drum",
    "flute", "guitar", "easel", "brush", "vase", "frame", "box",
)  # fmt: skip

MATERIALS = (
    "steel", "walnut", "oak", "cotton", "bamboo", "leather", "glass", "copper", "linen", "ceramic",
    "wool", "granite", "rubber", "titanium", "marble", "canvas", "cork", "enamel", "felt", "brass",
    "silk", "birch", "iron", "paper",
)  # fmt: skip

CATEGORIES = (
    "kitchen-cookware", "home-lighting", "leisure-camping", "kitchen-coffee", "home-textiles",
    "garden-tools", "office-writing", "home-furniture", "leisure-cycling", "kitchen-tableware",
    "garden-barbecue", "office-desks", "leisure-music", "home-bath", "kitchen-knives", "garden-watering",
    "office-paper", "leisure-games",
)  # fmt: skip

SORTS = ("popularity", "newest", "price")


def popular(words: Sequence[str], chance: float) -> str:
    """One of `words` for a number in [0, 1), early ones more often (Zipf with exponent 1)."""
    return words[int((len(words) + 1) ** chance) - 1]
