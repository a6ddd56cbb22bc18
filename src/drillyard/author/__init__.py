"""How scenarios are made and proven: outlines, scaffold, lint, packs, the author's loop, and certify."""
