"""Loading the Python of a scenario (flaws.py, checks.py): content, so by path and not by package."""

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from drillyard.scenario.errors import broken


def load_module(path: Path) -> ModuleType:
    """Run the file `path` as a module and return it; a second call for the same path gives the same module.

    Raises:
        ScenarioError: the file is missing or fails while it is loaded (with its line).
    """
    path = path.resolve()
    name = f"_scenario_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    if not path.is_file():
        raise broken(path, "the file is missing")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise broken(path, "not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        raise broken(path, f"not Python: {error.msg}", line=error.lineno or 0) from error
    except Exception:
        del sys.modules[name]
        raise
    return module


def forget_modules() -> None:
    """Have every file read anew: its author is editing it."""
    for name in [name for name in sys.modules if name.startswith("_scenario_")]:
        del sys.modules[name]
