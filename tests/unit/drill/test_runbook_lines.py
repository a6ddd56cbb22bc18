"""Which block of a runbook a run had reached, whatever the runbook does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from drillyard.drill.runbook import script_of
from drillyard.drill.runbook_lines import Trace
from drillyard.range.privileges import Account

US = Account(os.geteuid(), os.getegid(), "us", Path("/"))
SHELLS = [shell for name in ("sh", "bash") if (shell := shutil.which(name, path=os.defpath))]


def run(shell: str, file: Path, *blocks: str) -> tuple[int, int, str]:
    """Of a run: the line that it reached, its exit code, and what it said."""
    text = "# Recovery\n\n" + "\n".join(f"```sh\n{block}\n```\n" for block in blocks)
    script = script_of(text, "Recovery")
    trace = Trace(file, US)
    trace.open()
    done = subprocess.run(
        [shell, "-euc", trace.traced(script.blocks, shell), script.name],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return trace.reached(), done.returncode, done.stdout


@pytest.mark.parametrize("shell", SHELLS)
class TestTrace:
    def test_a_failed_command_is_told_by_the_line_of_its_block(self, shell: str, tmp_path: Path) -> None:
        reached, code, _ = run(shell, tmp_path / "it's at", "true", "# first\n(exit 7)", "true")
        assert (reached, code) == (8, 7)

    def test_what_the_shell_says_names_the_runbook_and_its_line(self, shell: str, tmp_path: Path) -> None:
        _, code, said = run(shell, tmp_path / "at", "true", "true\ncd /nowhere")
        assert code != 0
        assert said.startswith(("runbook.md: 9: cd:", "runbook.md: line 9: cd:"))

    @pytest.mark.parametrize(
        "habit",
        [
            "exec > /dev/null 2>&1",
            "trap 'true' EXIT",
            "set -C",
            "cd /tmp; unset PATH",
            "echo() { command printf more; }",
        ],
    )
    def test_habits_of_a_runbook_do_not_hide_it(self, shell: str, tmp_path: Path, habit: str) -> None:
        reached, code, _ = run(shell, tmp_path / "at", habit, "(exit 7)")
        assert (reached, code) == (8, 7)

    @pytest.mark.parametrize(
        ("first", "second", "said"),
        [
            ("for n in 1 2; do", 'echo "$n"; done', "1\n2\n"),
            ("cat << EOF\na", "b\nEOF", "a\nb\n"),
            ("echo \\", "b", "b\n"),
            ("echo 'a", "b'", "a\nb\n"),
        ],
    )
    def test_what_goes_on_over_two_blocks_is_not_disturbed(
        self, shell: str, tmp_path: Path, first: str, second: str, said: str
    ) -> None:
        assert run(shell, tmp_path / "at", first, second) == (4, 0, said)
        reached, code, _ = run(shell, tmp_path / "at", first, second, "(exit 7)")
        assert (reached, code) == (12 + (first + second).count("\n"), 7)

    def test_a_file_that_cannot_be_written_is_no_failure(self, shell: str, tmp_path: Path) -> None:
        trace = Trace(tmp_path / "nowhere" / "at", US)
        script = script_of("# Recovery\n\n```sh\ntrue\n```\n", "Recovery")
        done = subprocess.run([shell, "-euc", trace.traced(script.blocks, shell)], check=False)
        assert done.returncode == 0
        assert trace.reached() == 0
