"""What customers search for and which shelves they look at: words of the shop's catalogue, the popular ones
first.
"""

from collections.abc import Sequence

TERMS = (
    "kettle", "steel", "lamp", "walnut", "chair", "backpack", "oak", "bottle", "table", "cotton", "knife",
    "bamboo", "blanket", "leather", "clock", "mirror", "glass", "shelf", "copper", "basket", "linen", "pan",
    "mug", "ceramic", "plate", "towel", "wool", "pillow", "curtain", "carpet", "bench", "granite", "ladder",
    "hammer", "rubber", "saw", "drill", "titanium", "rake", "shovel", "marble", "hose", "bucket", "canvas",
    "tent", "lantern", "cork", "stove", "helmet", "enamel", "saddle", "pump", "felt", "bell", "notebook",
    "brass", "pen", "folder", "silk", "stapler", "globe", "birch", "puzzle", "kite", "iron", "drum", "flute",
    "paper", "guitar", "easel", "brush", "vase", "frame",
)  # fmt: skip

CATEGORIES = (
    "kitchen-cookware", "home-lighting", "leisure-camping", "kitchen-coffee", "home-textiles",
    "garden-tools", "office-writing", "home-furniture", "leisure-cycling", "kitchen-tableware",
    "garden-barbecue", "office-desks", "leisure-music", "home-bath", "kitchen-knives", "garden-watering",
    "office-paper", "leisure-games",
)  # fmt: skip

SORTS = ("popular", "newest", "price")


def popular(words: Sequence[str], chance: float) -> str:
    """One of `words` for a number in [0, 1), early ones more often (Zipf with exponent 1)."""
    return words[int((len(words) + 1) ** chance) - 1]
