"""A configuration that an operator hands in: read as the service account, kept where it cannot write.

The account could put a link to anything where a file should be, or change a file while it is being read. So
it is packed by a process of that account, and only plain files of the stream are taken.
"""

import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

from drillyard.base.errors import InvalidFilesError, Problem, UserError
from drillyard.range.privileges import Account, demoted
from drillyard.range.workspace import MAX_FILE_BYTES, MAX_FILES

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
_LIMIT_S = 20.0


def take_in(directory: Path, destination: Path, account: Account) -> None:
    """Copy the plain files below `directory` to `destination`, which is made anew and is ours.

    Raises:
        InvalidFilesError: something in it is no plain file, too large, or there are too many.
        UserError: the account cannot read it.
    """
    shutil.rmtree(destination, ignore_errors=True)
    destination.mkdir(mode=0o700)
    with subprocess.Popen(
        ["timeout", f"{_LIMIT_S:.0f}", "tar", "-cf", "-", "-C", str(directory), "."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=_ENVIRONMENT,
        **demoted(account),
    ) as process:
        try:
            _unpack(process, destination)
        except tarfile.TarError:
            process.kill()  # what it says of itself says more
        except BaseException:
            process.kill()
            raise
        said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
        code = process.wait()
    if code:
        raise UserError(
            f"The configuration cannot be read: {said[-300:] or code}",
            where=str(directory),
            next_step="Name a directory that is laid out like the workspace.",
        )


def _unpack(process: "subprocess.Popen[bytes]", destination: Path) -> None:
    count = 0
    with tarfile.open(fileobj=process.stdout, mode="r|") as stream:
        for member in stream:
            name = PurePosixPath(member.name)
            if member.isdir():
                continue
            count += 1
            if problem := _unfit(member, name, count):
                raise InvalidFilesError([problem])
            target = destination.joinpath(*name.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = stream.extractfile(member)
            target.write_bytes(content.read() if content else b"")
            target.chmod(0o755 if member.mode & 0o100 else 0o644)
        while process.stdout and process.stdout.read(1 << 16):
            continue  # the padding of the last block, so that tar is not cut off


def _unfit(member: tarfile.TarInfo, name: PurePosixPath, count: int) -> Problem | None:
    if not member.isreg() or name.is_absolute() or ".." in name.parts:
        return Problem(str(name), 0, "is not a plain file", "a file with the content itself, not a link")
    if member.size > MAX_FILE_BYTES:
        return Problem(str(name), 0, f"has {member.size} bytes", f"at most {MAX_FILE_BYTES}")
    if count > MAX_FILES:
        return Problem(".", 0, f"there are more than {MAX_FILES} files", f"at most {MAX_FILES}")
    return None
