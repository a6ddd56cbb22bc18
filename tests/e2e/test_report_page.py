"""The page of a report in a real browser that can reach nothing."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from drillyard.assess.check import Status
from drillyard.assess.report import content as report
from drillyard.assess.report.file import page, signed_json
from drillyard.base.signing import MachineKey

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def a_report() -> report.Report:
    figures = [
        report.FigureLine(name, "ms", 40.0, 10.0, 41.0, 9.0, 0.25, 0.2, 0.3, (10.0, 11.0, 9.0))
        for name in ("latency.p95", "latency.p50")
    ]
    steps = ((60.0, 12.0, 0.0), (120.0, 30.0, 0.0), (240.0, 900.0, 0.1))
    return report.Report(
        format_version=2, drillyard="0", generated_at=0, scenario="s", title="A drill", variant="7",
        measurement="s1", measured_from=0, measured_to=1, active_seconds=60, status=Status.PASS, points=90.0,
        criteria=(), tasks=(), invariants=(), documents=(), analysis=(), scores=(), figures=tuple(figures),
        capacities=(report.CapacityLine("learner", 120.0, 240.0, "p95 <= 250 ms", steps),),
        story=report.Story(
            notes=("<img src=https://example.invalid/x.png>",), debrief="![x](https://example.invalid/y.png)"
        ),
    )  # fmt: skip


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_browser_draws_the_charts_and_asks_nobody_for_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))
    file, log = tmp_path / "report.html", tmp_path / "net.json"
    file.write_bytes(page(signed_json(a_report(), MachineKey.here())).encode())
    shown = subprocess.run(
        [str(BROWSER), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", file.as_uri()],
        check=True, capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip
    assert shown.count("<svg") >= 3
    assert re.search(r"<circle [^>]*cx=", shown)
    assert file.as_uri() in log.read_text()
    assert "example.invalid" not in log.read_text()
