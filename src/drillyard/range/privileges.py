"""Under which account a range runs, and who owns its files.

As root, the services of a range run under an unprivileged account, so that what a learner breaks (or a
scenario contains) can reach neither the machine nor the drill's own store: the account `drillyard` when the
machine has one (`useradd --system --no-create-home drillyard`), otherwise `nobody`. Drillyard creates no
account by itself; a dedicated one is better, because `nobody` may be shared with other programs.
DRILLYARD_ACCOUNT names another. Not as root, everything runs as the user: then nothing protects the store
from the user's own processes.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from drillyard.base.errors import UserError
from drillyard.base.paths import is_root

_PREFERRED = ("drillyard", "nobody")


@dataclass(frozen=True)
class Account:
    """An account of this machine; `home` is its home directory, which may not exist."""

    uid: int
    gid: int
    name: str
    home: Path

    @property
    def is_current(self) -> bool:
        """Whether this process runs under it already."""
        return self.uid == os.geteuid()


def service_account() -> Account:
    """The account that services run under.

    Raises:
        UserError: running as root, and there is no suitable account.
    """
    if not is_root():
        return _current()
    if chosen := os.environ.get("DRILLYARD_ACCOUNT"):
        return _named(chosen)
    for name in _PREFERRED:
        try:
            return _named(name)
        except UserError:
            continue
    raise UserError(
        "PostgreSQL refuses to run as root, and there is no account to run services under",
        where=f"looked for {' and '.join(_PREFERRED)}",
        next_step="Create one: useradd --system --no-create-home drillyard",
    )


def _named(name: str) -> Account:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise UserError(
            f"There is no account {name!r} on this machine",
            where="DRILLYARD_ACCOUNT",
            next_step=f"Create it (useradd --system --no-create-home {name}) or name another.",
        ) from None
    if entry.pw_uid == 0:
        raise UserError("Services must not run as root", where=f"account {name!r}")
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name, Path(entry.pw_dir))


def _current() -> Account:
    uid, gid = os.geteuid(), os.getegid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:  # containers often run under a uid without an entry
        return Account(uid, gid, str(uid), Path(os.environ.get("HOME", "/")))
    return Account(uid, gid, entry.pw_name, Path(entry.pw_dir))


class Demoted(TypedDict):
    """Keyword arguments of `subprocess` for a process under an account; None leaves what is."""

    user: int | None
    group: int | None
    extra_groups: tuple[int, ...] | None


def demoted(account: Account) -> Demoted:
    """Run something as `account`: whatever services or learners wrote is not to be trusted with more."""
    if account.is_current:
        return Demoted(user=None, group=None, extra_groups=None)
    return Demoted(user=account.uid, group=account.gid, extra_groups=())


def make_directory(path: Path, account: Account, mode: int = 0o750) -> Path:
    """Make `path` (not its parents) if it is missing, with this owner and mode.

    Raises:
        UserError: it cannot be made there.
    """
    try:
        path.mkdir(exist_ok=True)
        # Where others can write to the parent, the name may lead anywhere, and to another place in a moment.
        if path.is_symlink():
            raise PermissionError(f"{path} is a symbolic link")
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if is_root() and (status.st_uid, status.st_gid) != (account.uid, account.gid):
                os.fchown(descriptor, account.uid, account.gid)
            if stat.S_IMODE(status.st_mode) != mode:
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
        if not os.access(path, os.W_OK):
            raise PermissionError(f"no permission to write in {path}")
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def make_own_directory(path: Path, account: Account) -> Path:
    """Make `path` (not its parents) if it is missing: ours to write, for `account` to read.

    Raises:
        UserError: it cannot be made there.
    """
    return make_directory(path, keeper(account), 0o750)


def keeper(account: Account) -> Account:
    """Who owns what `account` may read and not change: we, with its group."""
    return Account(os.geteuid(), account.gid, "", Path("/"))


def own(path: Path, account: Account) -> None:
    """Give one file or directory to `account`; nothing to do when we are not root."""
    if not is_root():
        return
    status = path.lstat()
    if (status.st_uid, status.st_gid) != (account.uid, account.gid):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def own_tree(path: Path, account: Account) -> None:
    """Give `path` and all in it to `account`. Symbolic links are never followed."""
    own(path, account)
    if not is_root():
        return
    for directory, folders, files in os.walk(path):
        for name in (*folders, *files):
            own(Path(directory, name), account)


def write_file(path: Path, content: str, account: Account, mode: int = 0o640) -> None:
    """Write a file that `account` owns, moved into place whole.

    Raises:
        UserError: the directory is read-only or full.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.unlink(missing_ok=True)
        # O_EXCL: the directory belongs to `account`, which must not choose what root writes to.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "w") as file:
            if is_root():
                os.fchown(descriptor, account.uid, account.gid)
            os.fchmod(descriptor, mode)
            file.write(content)
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error


def check_reachable(path: Path, account: Account) -> None:
    """Make sure that `account` may pass through every directory above `path`.

    Raises:
        UserError: one is closed to it; names that directory.
    """
    if account.is_current:
        return
    for directory in path.absolute().parents:
        if directory.exists() and not _may_pass(directory, account):
            raise UserError(
                f"The account {account.name!r}, which services run under, cannot pass through a directory",
                where=str(directory),
                next_step=f"Set DRILLYARD_HOME to a place it can reach, or allow it: chmod o+x {directory}",
            )


def _may_pass(directory: Path, account: Account) -> bool:
    status = directory.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def unwritable(path: Path, error: OSError) -> UserError:
    """The error for a place that cannot be written to."""
    return UserError(
        f"Cannot write here: {error.strerror or error}",
        where=str(path),
        next_step="Check that the file system is not read-only or full, and who owns the directory.",
    )
