"""A manifest of two tasks and one document, for what is judged without a range."""

from drillyard.scenario.manifest import Manifest

MANIFEST = Manifest.model_validate(
    {
        "format_version": 1,
        "title": "Test",
        "objective": "Test",
        "duration": "1 h",
        "prerequisites": [],
        "tasks": [
            {"id": "one", "title": "One", "steps": ["s"], "page": "1.md", "checks": ["good"]},
            {
                "id": "two",
                "title": "Two",
                "steps": ["s"],
                "page": "2.md",
                "self_assessed": "no numbers in it",
            },
        ],
        "success_criteria": ["it works"],
        "traffic": {
            "base_rate": 1,
            "measure_rate": 1,
            "mix": {"browse": 1},
            "objectives_ms": {"search": 200},
        },
        "budget": {"processes": 6, "connections": 40, "memory_mb": 500},
        "promises": {"price_stale_s": 30, "payment_wait_s": 5},
        "par": "p",
        "documents": [{"file": "results.md", "sections": ["Before", "After"]}],
    }
)


SAID = "Search read whole tables for every request because nobody had looked at its plan since the data grew."
