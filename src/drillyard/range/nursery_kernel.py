"""What the nursery asks of the kernel that Python has no function for. Elsewhere than on Linux: nothing."""

import ctypes
import os
import sys
from collections.abc import Mapping
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NAME = 1, 4, 15
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_CLONE_NEWNS, _CLONE_NEWUSER = 0x0002_0000, 0x1000_0000
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18

LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def _call(name: str, *arguments: object) -> None:
    if _libc is not None and getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def adopt_orphans() -> None:
    """Make this process the parent of whatever its descendants leave behind (prctl(2), child subreaper)."""
    _call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(signum: int) -> None:
    """Have `signum` sent to this process when its parent dies. Undone by a change of account."""
    _call("prctl", _PR_SET_PDEATHSIG, signum, 0, 0, 0)


def forbid_new_privileges() -> None:
    """Make setuid programs give no privileges to this process and its children."""
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def readable_by_itself() -> None:
    """After a change of account, /proc/self would belong to root and a process could not read its own."""
    _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)


def name_process(name: str) -> None:
    """What `ps -o comm` and psutil show; 15 bytes at most."""
    _call("prctl", _PR_SET_NAME, name.encode()[:15] + b"\0", 0, 0, 0)


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, parents before children; from /proc, so empty elsewhere."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc") if LINUX else ():
        if entry.isdigit() and (parent := _parent(int(entry))):
            children.setdefault(parent, []).append(int(entry))
    found = [pid]
    for known in found:
        found.extend(children.get(known, ()))
    return found[1:]


def children(pid: int) -> list[int]:
    """The processes whose parent `pid` is; from /proc, so empty elsewhere."""
    numbers = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()] if LINUX else []
    return [each for each in numbers if _parent(each) == pid]


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def mount_privately(mounts: Mapping[str, str]) -> None:
    """Show this process each source directory at its target, in a mount namespace of its own.

    A target that does not exist is made in an empty file system laid over its parent directory. Needs root,
    or a kernel that lets users make user namespaces.

    Raises:
        OSError: the kernel does not allow it.
    """
    if os.geteuid() == 0:
        _call("unshare", _CLONE_NEWNS)
    else:
        _enter_user_namespace()
    _call("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)
    for target, source in mounts.items():
        place = Path(target)
        if not place.is_dir():
            _call("mount", b"tmpfs", bytes(place.parent), b"tmpfs", 0, b"mode=755")
            place.mkdir()
        _call("mount", source.encode(), bytes(place), None, _MS_BIND | _MS_REC, None)


def _enter_user_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER | _CLONE_NEWNS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
