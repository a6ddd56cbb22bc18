"""The words that products and reviews are made of. Searches look for the nouns and the materials."""

ADJECTIVES = (
    "Compact", "Classic", "Folding", "Heavy", "Light", "Quiet", "Robust", "Slim", "Modern", "Rustic",
    "Large", "Small", "Travel", "Garden", "Office", "Family", "Everyday", "Deluxe", "Basic", "Nordic",
)  # fmt: skip
MATERIALS = (
    "walnut", "steel", "copper", "cotton", "linen", "bamboo", "ceramic", "glass", "leather", "oak",
    "wool", "granite", "rubber", "titanium", "marble", "canvas", "cork", "enamel", "felt", "brass",
    "silk", "birch", "iron", "paper",
)  # fmt: skip
NOUNS = (
    "kettle", "lamp", "chair", "table", "backpack", "bottle", "knife", "blanket", "clock", "mirror",
    "shelf", "basket", "pan", "mug", "plate", "towel", "pillow", "curtain", "carpet", "bench", "ladder",
    "hammer", "saw", "drill", "rake", "shovel", "hose", "bucket", "tent", "lantern", "stove", "helmet",
    "saddle", "pump", "bell", "notebook", "pen", "folder", "stapler", "globe", "puzzle", "kite", "drum",
    "flute", "guitar", "easel", "brush", "vase", "frame", "box",
)  # fmt: skip
DEPARTMENTS = {
    "kitchen": ("cookware", "tableware", "storage", "coffee", "baking", "knives"),
    "home": ("lighting", "textiles", "furniture", "decoration", "clocks", "bath"),
    "garden": ("tools", "planting", "watering", "outdoor-living", "barbecue", "birds"),
    "office": ("writing", "filing", "desks", "paper", "technology", "presentation"),
    "leisure": ("camping", "cycling", "music", "painting", "games", "travel"),
}
OPINIONS = (
    "Does what it should.",
    "Better than I expected.",
    "Arrived quickly and well packed.",
    "Would buy again.",
    "Looks smaller than in the picture.",
    "Good value.",
    "The finish could be better.",
    "Broke after a month.",
    "A present, and much liked.",
    "Solid and quiet.",
    "Colour differs a little.",
    "Exactly as described.",
    "Too heavy for me.",
    "Easy to clean.",
    "Use it every day.",
    "Returned it, sadly.",
    "Five months on, like new.",
    "Instructions are poor.",
    "Fits perfectly.",
    "Fair for the price.",
)
FIRST_NAMES = (
    "Ada",
    "Bo",
    "Cleo",
    "Dan",
    "Eva",
    "Finn",
    "Gita",
    "Hugo",
    "Ida",
    "Jon",
    "Kim",
    "Lea",
    "Max",
    "Nora",
)
LAST_NAMES = (
    "Berg",
    "Costa",
    "Dahl",
    "Evans",
    "Faber",
    "Gruber",
    "Haas",
    "Ito",
    "Jansen",
    "Kaur",
    "Lind",
    "Moreau",
)
