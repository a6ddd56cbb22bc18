import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from drillyard.base.paths import cache

SCENARIO = "performance-optimization"
SCALE = "0.01"


@dataclass
class Terminal:
    """A learner's terminal: `drill` with a home of its own."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = {
            **os.environ,
            "HOME": str(self.home),
            "DRILLYARD_HOME": str(self.home / "data"),
            "DRILLYARD_CACHE": str(cache()),
            "NO_COLOR": "1",
        }
        self.env.pop("DRILL", None)

    def run(
        self, *arguments: str, code: int | None = 0, stdin: str = "", timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run `drill` with these arguments; the exit code has to be `code` unless that is None."""
        done = subprocess.run(
            [sys.executable, "-m", "drillyard.cli.main", *arguments],
            env=self.env,
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert code is None or done.returncode == code, (
            f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `drill` with these arguments, and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "drillyard.cli.main", *arguments],
            env=self.env,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def json(self, *arguments: str, code: int | None = 0, timeout_s: float = 120) -> dict[str, object]:
        """The JSON object that `drill ... --json` prints."""
        found = json.loads(self.run(*arguments, "--json", code=code, timeout_s=timeout_s).stdout)
        assert isinstance(found, dict)
        return found
