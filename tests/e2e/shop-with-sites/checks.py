"""Nothing is judged: only what came of disasters is measured."""
