"""Ground floor: errors, paths, processes, time and statistics. Knows nothing of the rooms above."""
