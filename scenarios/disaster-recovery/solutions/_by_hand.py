"""Do by hand what a solution is: files into the workspace, `drill apply`, a first backup, three graded
disasters with the runbook alone, and results.md with what was measured.

`--standby` keeps a synchronous standby too; `--repair-only` takes no disaster and writes no results;
`--disasters N` takes as many.
"""

import argparse
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from drillyard.scenario.scenario import Scenario

HERE = Path(__file__).resolve().parent
YEARS = 20
NOTHING_LOST = ("cache-lost", "configuration-lost")
SYSTEMS = {
    "cache-lost": ["cache"],
    "configuration-lost": ["configuration"],
    "ransom": ["database", "configuration", "site"],
    "site-lost": ["site", "database", "cache", "configuration"],
}
ANSWERS = {
    "archive-silent": "A guard asks pg_stat_archiver every few seconds, and makes backups while it fails.",
    "backup-unreadable": "Four backups are kept, each verified when made and again before it is used.",
    "cache-lost": "Everything in it can be made again; jobs are handed over again from the outbox.",
    "configuration-lost": "A copy off site every minute, with versions; shopctl apply puts it in force.",
    "data-gone": "The newest whole backup and all log since then, both at the other site.",
    "pages-corrupt": "Checksums tell of it, and the whole cluster is restored with all of its log.",
    "ransom": "Backups, log and configuration lie where the primary site cannot be reached from.",
    "rows-deleted": "A copy of the moment before it, restored beside the shop, gives the rows back.",
    "site-lost": "The runbook builds the shop on empty hosts from what lies off site, rehearsed.",
}
DOCUMENTS = HERE / "_documents"


def main() -> None:
    """As the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("crontab", type=Path)
    parser.add_argument("--standby", action="store_true")
    parser.add_argument("--repair-only", action="store_true")
    parser.add_argument("--disasters", type=int, default=3)
    chosen = parser.parse_args()
    figures = Scenario.load(HERE.parent).figures(str(answer("status")["variant"]))
    prepare(chosen.crontab, figures, standby=chosen.standby)
    if chosen.repair_only:
        return
    rehearsed = answer("rehearse")
    for _ in range(chosen.disasters):
        if chosen.standby:
            shell('sh "$CONFIG/ops/standby.sh"')
        answer("disaster", "--graded", "--runbook")
    write_results(rehearsed, figures)


def prepare(crontab: Path, figures: Mapping[str, float], *, standby: bool) -> None:
    """Files, and what they make."""
    for script in (HERE / "_ops").iterdir():
        shutil.copy(script, Path("ops") / script.name)
    shutil.copy(crontab, "ops/crontab")
    settings = Path("postgres/postgresql.conf")
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("archive_")]
    archiving = (
        "archive_mode = on",
        """archive_command = 'sh "$CONFIG/ops/archive.sh" "%p" "%f"'""",
        "archive_timeout = 5",
    )
    # A standby that was away for a moment finds the log that it lacks, and soon asks for it.
    keeping = ("wal_keep_size = 128MB",) if standby else ()
    settings.write_text("\n".join((*kept, *archiving, *keeping)) + "\n")
    if standby:
        with Path("standby/postgresql.conf").open("a") as file:
            file.write("wal_retrieve_retry_interval = 1s\n")
    shutil.copy(DOCUMENTS / "runbook.md", "runbook.md")
    Path("risks.yaml").write_text(register(figures))
    drill("apply")
    # Two from the beginning: the newest may be the one that cannot be read.
    shell('sh "$CONFIG/ops/backup.sh" && sh "$CONFIG/ops/backup.sh" && sh "$CONFIG/ops/configuration.sh"')
    if standby:
        shell('sh "$CONFIG/ops/standby.sh"')


def register(figures: Mapping[str, float]) -> str:
    """risks.yaml: JSON is YAML."""
    risks = []
    for kind, words in ANSWERS.items():
        rpo = 0.0 if kind in NOTHING_LOST else figures["rpo_s"]
        impact = figures["rto_s"] / 60 * figures["cost_per_minute"]
        impact += rpo / 60 * figures["orders_per_minute"] * figures["cost_per_order"]
        often = figures[f"often_{kind.replace('-', '_')}"] / YEARS
        risks.append(
            {
                "scenario": kind,
                "system": SYSTEMS.get(kind, ["database"]),
                "likelihood_per_year": often,
                "impact_eur": round(impact),
                "rto_s": figures["rto_s"],
                "rpo_s": rpo,
                "answer": words,
            }
        )
    risks.sort(key=lambda risk: risk["likelihood_per_year"] * risk["impact_eur"], reverse=True)
    for number, risk in enumerate(risks, start=1):
        risk["priority"] = number
    return json.dumps({"risks": risks}, indent=1)


def write_results(rehearsed: Mapping[str, object], figures: Mapping[str, float]) -> None:
    """results.md, with what was recorded."""
    recoveries = answer("recovered", "--list")["recoveries"]
    assert isinstance(recoveries, list)
    happened = "\n".join(
        f"- disaster {each['number']}, {each['disaster']}: customers were away {each['recovery_s']:.1f} s,"
        f" recovery point {each['recovery_point_s']:.1f} s"
        for each in recoveries
    )
    told = f"the shop came back after {rehearsed['seconds']} s with {rehearsed['lost']} orders lost"
    Path("results.md").write_text(results(told, happened, figures))


def results(rehearsed: str, happened: str, figures: Mapping[str, float]) -> str:
    """The text of results.md."""
    text = (DOCUMENTS / "results.md").read_text(encoding="utf-8")
    return text.format(rehearsed=rehearsed, happened=happened, rto=figures["rto_s"], rpo=figures["rpo_s"])


def shell(script: str) -> None:
    """Run something on the shop's host."""
    drill("shell", "--", "sh", "-ec", script)


def drill(*arguments: str, codes: Sequence[int] = (0,)) -> str:
    """What a command prints; it must work."""
    done = subprocess.run(["drill", *arguments], check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode not in codes:
        raise SystemExit(f"drill {' '.join(arguments)} ended with {done.returncode}: {done.stdout[-2000:]}")
    return done.stdout


def answer(*arguments: str) -> dict[str, object]:
    """What a command says as JSON; that something is not as it should be is an answer."""
    found = json.loads(drill(*arguments, "--json", codes=(0, 1, 3)))
    assert isinstance(found, dict)
    return found


if __name__ == "__main__":
    main()
