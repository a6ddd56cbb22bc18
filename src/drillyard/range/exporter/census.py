"""Who belongs to the range: the children of the nursery, which is the exporter's own parent.

A component's name is that of the directory its output goes to (`Site.log`), because native programs all call
themselves by their own names.
"""

import os
from pathlib import Path

_PROC = Path("/proc")


def siblings() -> list[tuple[str, int]]:
    """Component name and pid of every process that the nursery started; empty where there is no /proc."""
    nursery = os.getppid()
    if nursery <= 1 or not _PROC.is_dir():
        return []
    named = [(_name(pid), pid) for pid in children(nursery)]
    return sorted((name, pid) for name, pid in named if name)


def children(pid: int) -> list[int]:
    """The children of a process: one small file a thread, or all of /proc where there are no such files."""
    try:
        threads = os.listdir(_PROC / str(pid) / "task")
        texts = [(_PROC / str(pid) / "task" / thread / "children").read_text() for thread in threads]
    except FileNotFoundError:
        if (_PROC / "self" / "task" / str(os.getpid()) / "children").exists():
            return []  # it ended in between
        return [int(entry) for entry in os.listdir(_PROC) if entry.isdigit() and _parent(int(entry)) == pid]
    except OSError:
        return []
    return [int(word) for text in texts for word in text.split()]


def _parent(pid: int) -> int:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return 0
    return int(text[text.rindex(")") + 2 :].split()[1])


def _name(pid: int) -> str:
    """Empty when the process is gone. Without the right to see its files: what the kernel calls it."""
    try:
        return Path(os.readlink(_PROC / str(pid) / "fd" / "1")).parent.name
    except OSError:
        pass
    try:
        return (_PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""
