"""Copying a data directory as fast as the file system allows."""

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from drillyard.base.paths import is_root
from drillyard.range.privileges import Account, own

_THREADS = 2
"""More only wait for the file system's own locks."""
_CANNOT = {errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM}


def copy_tree(source: Path, destination: Path, account: Account) -> None:
    """Copy directories and plain files to a place that must not exist; everything there belongs to `account`.

    Where the file system can share blocks (btrfs, XFS), `copy_file_range` shares them and copies nothing.

    Raises:
        OSError: it could not be read or written; what was made so far stays.
    """
    jobs: list[tuple[str, str]] = []
    for directory, folders, names in os.walk(source):
        target = destination / Path(directory).relative_to(source)
        target.mkdir(mode=0o700)
        own(target, account)
        folders.sort()
        jobs += [(os.path.join(directory, name), os.path.join(target, name)) for name in names]
    # Largest first, so that no thread is left with a big file at the end.
    jobs.sort(key=lambda job: -os.lstat(job[0]).st_size)
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(lambda job: _copy_file(job[0], job[1], account), jobs):
            pass


def _copy_file(source: str, destination: str, account: Account) -> None:
    incoming = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        outgoing = os.open(
            destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        try:
            if is_root():
                os.fchown(outgoing, account.uid, account.gid)
            _copy_content(incoming, outgoing)
        finally:
            os.close(outgoing)
    finally:
        os.close(incoming)


def _copy_content(incoming: int, outgoing: int) -> None:
    remaining = os.fstat(incoming).st_size
    while remaining > 0 and hasattr(os, "copy_file_range"):
        try:
            done = os.copy_file_range(incoming, outgoing, remaining)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            break
        if done == 0:
            return
        remaining -= done
    if remaining > 0:
        with os.fdopen(os.dup(incoming), "rb") as reader, os.fdopen(os.dup(outgoing), "wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
