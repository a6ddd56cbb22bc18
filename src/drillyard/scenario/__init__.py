"""What a scenario is: manifest, pages, variant."""
