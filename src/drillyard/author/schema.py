"""The manifest's JSON Schema: by `# yaml-language-server: $schema=...` editors complete and check."""

import json
from pathlib import Path

from drillyard.scenario.manifest import Manifest

FILE = "scenario.schema.json"


def schema_text() -> str:
    """The schema of scenario.yaml (JSON Schema, draft 2020-12)."""
    schema = Manifest.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Drillyard scenario, format version 1"
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def write_schema(directory: Path) -> Path:
    """Write it beside scenarios, where their first line looks for it; an older one is replaced.

    Raises:
        OSError: it cannot be written.
    """
    path = directory / FILE
    text = schema_text()
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path
