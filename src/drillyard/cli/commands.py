"""The table of commands: all that `drill --help` and completion need, without any imports."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One command: `module` under `drillyard.cli` has a function `command`; `summary` is its help line."""

    name: str
    module: str
    summary: str
    panel: str


BEGIN, WORK, JUDGE, KEEP, MACHINE = (
    "Begin",
    "Look and change",
    "Measure and be judged",
    "Pause, reset, end",
    "This machine",
)
AUTHOR = "Author scenarios"

COMMANDS: tuple[Command, ...] = (
    Command("list", "list_", "The scenarios there are, and your drills.", BEGIN),
    Command("start", "start", "Start a drill: a running shop, its workspace and its customers.", BEGIN),
    Command("brief", "brief", "What is the matter and what is asked; with TASK, that task's page.", BEGIN),
    Command("status", "status", "One screen: what runs, how it feels for customers, what is next.", BEGIN),
    Command("apply", "apply", "Validate what you changed in the workspace and put it to use.", WORK),
    Command("logs", "logs", "What a component says; -f follows.", WORK),
    Command("psql", "psql", "PostgreSQL's own shell on the shop's database.", WORK),
    Command("valkey", "valkey", "Commands to the cache: a small valkey-cli.", WORK),
    Command(
        "open", "open_", "Addresses of the shop and of its monitoring; opens a browser if there is one.", WORK
    ),
    Command("traffic", "traffic", "Set how many customers come, or send them away.", WORK),
    Command("fault", "fault", "What can be wrong with the shop for a while: list, inject, end.", WORK),
    Command("chaos", "chaos", "Experiments of Chaos Toolkit on the shop: run, validate.", WORK),
    Command("shell", "shell", "A shell on the shop's host, with its places, its tools and shopctl.", WORK),
    Command("note", "note", "Write down what you found; without text, read your notes.", WORK),
    Command(
        "measure", "measure", "Measure your range beside the untouched one, and keep the figures.", JUDGE
    ),
    Command("compare", "compare", "The difference between two measurements, with intervals.", JUDGE),
    Command("check", "check", "Judge one task, or all, by measuring.", JUDGE),
    Command("hint", "hint", "A hint for a task, in three tiers; each has its price.", JUDGE),
    Command("rehearse", "rehearse", "Your runbook, alone, on empty hosts with what lies off site.", JUDGE),
    Command("disaster", "disaster", "Let something happen to the shop, for practice or graded.", JUDGE),
    Command("recovered", "recovered", "The shop is whole again: measure what it cost, and whether.", JUDGE),
    Command("submit", "submit", "Have everything measured anew and judged (at most 6 minutes).", JUDGE),
    Command(
        "report", "report", "What a submission came to; --verify tells whether a file was altered.", JUDGE
    ),
    Command("history", "history", "Your submissions over time, in all drills.", JUDGE),
    Command("watch", "watch", "Follow an operation that is running, or interrupt it.", JUDGE),
    Command("pause", "pause", "Stop the range and keep everything, over a reboot too.", KEEP),
    Command("resume", "resume", "Go on after a pause.", KEEP),
    Command("reset", "reset", "Back to the start state.", KEEP),
    Command("stop", "stop", "End the drill; --delete removes it.", KEEP),
    Command(
        "doctor", "doctor", "Which parts are here, from where, and what is lost without the others.", MACHINE
    ),
    Command(
        "setup", "setup", "Fetch the parts that are missing and build the data; offline afterwards.", MACHINE
    ),
    Command("new", "new", "A scenario to begin with, that certifies as it is.", AUTHOR),
    Command("dev", "dev", "Edit a scenario beside a warm range, and see each save judged.", AUTHOR),
    Command("packs", "packs", "Scenarios kept elsewhere: add, list, remove.", AUTHOR),
    Command("lint", "lint", "Does a scenario's directory agree with itself? Nothing is run.", AUTHOR),
    Command("import", "import_", "Scenarios out of a document that is written to the template.", AUTHOR),
    Command("export", "export", "Scenarios as one document in the template's form.", AUTHOR),
    Command("certify", "certify", "Prove a scenario: unsolved at first, solvable, hard to cheat.", AUTHOR),
)
BY_NAME = {command.name: command for command in COMMANDS}
