"""The PostgreSQL data directory that every range starts from: built and seeded once, then copied.

`cache()/templates/<digest>/` holds `data/`; the digest covers the PostgreSQL version, the storefront's schema
and seed code and which data (`DataSet`), so a change of any of them makes a new template. A template was
shut down cleanly, carries data checksums and next to no write-ahead log, and is never started itself.

A shop whose orders ended long ago would have next to nothing in its reports of the last week: a new drill
gets data that end at most `FRESH_S` ago, and keeps to them (its twin is made of the same).
"""

import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from drillyard.base.clock import wall
from drillyard.base.errors import UserError
from drillyard.base.paths import cache
from drillyard.range import parts
from drillyard.range.credentials import Credentials
from drillyard.range.parts.part import Part
from drillyard.range.privileges import Account, check_reachable, make_directory, service_account
from drillyard.range.templates_build import DataSet, build_data, set_passwords
from drillyard.range.templates_copy import copy_tree
from drillyard.range.workspace_storefront import storefront_directory

Progress = Callable[[str], None]

FRESH_S = 7 * 86_400.0
"""The newest order of a new drill's data is at most so old, and a day."""
_FORMAT = 3
"""Part of the digest: raise it when this module makes templates differently."""
_DAY_S = 86_400
_BUILT_WITHIN_S = 3600.0
_UNUSED_S = 14 * 86_400.0


@dataclass(frozen=True)
class Template:
    """A finished template. `data` must not be changed or started."""

    directory: Path
    postgres: Part

    @property
    def data(self) -> Path:
        """The data directory to copy."""
        return self.directory / "data"


def digest_of(postgres_version: str, data: DataSet) -> str:
    """Names the content of a template: 16 hexadecimal digits."""
    which = f"{_FORMAT} {postgres_version} {data.scale!r} {data.newest} {sys.byteorder}"
    digest = hashlib.sha256(which.encode())
    package = storefront_directory()
    for folder in ("schema", "seed", "jobs"):
        for file in sorted((package / folder).rglob("*")):
            if file.suffix in (".py", ".sql") and (folder != "jobs" or file.suffix == ".sql"):
                digest.update(f"{file.relative_to(package)}\n".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def fresh_data(scale: float = 1.0) -> DataSet:
    """Data for a new drill: the newest of this scale that are there and fresh, else such as end today (or, in
    a cache that cannot be written, the newest there are).

    Raises:
        MissingPartError: PostgreSQL is not installed.
    """
    version = parts.find("postgres").version
    today = int(wall()) // _DAY_S * _DAY_S
    for newest in range(today, today - int(FRESH_S) - 1, -_DAY_S):
        data = DataSet(scale, newest)
        if (cache() / "templates" / digest_of(version, data) / "template.json").exists():
            return data
    older = [] if os.access(cache(), os.W_OK) or not cache().exists() else _there(scale, version)
    return max(older, key=lambda data: data.newest, default=DataSet(scale, today))


def _there(scale: float, version: str) -> list[DataSet]:
    """Data of this scale, of whatever age, whose templates are there."""
    found = []
    for described in (cache() / "templates").glob("*/template.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            data = DataSet(scale, int(json.loads(described.read_text())["newest"]))
            if digest_of(version, data) == described.parent.name:
                found.append(data)
    return found


def ensure_template(data: DataSet, *, progress: Progress = lambda _: None) -> Template:
    """The template of these data, built now if it is not there; a second builder waits for the first.

    Raises:
        MissingPartError: PostgreSQL is not installed.
        UserError: the cache cannot be written or reached, or the seed failed.
    """
    postgres = parts.find("postgres")
    directory = cache() / "templates" / digest_of(postgres.version, data)
    template = Template(directory, postgres)
    if _is_whole(template):
        with suppress(OSError):  # somebody else's cache, that we may only read
            os.utime(directory / "template.json")
        return template
    with _lock(directory):
        if not _is_whole(template):
            _build(template, data, progress)
    return template


def copy_template(template: Template, destination: Path, account: Account, credentials: Credentials) -> None:
    """Make a data directory at `destination` (which must not exist) with this range's passwords.

    It appears whole or not at all.

    Raises:
        UserError: there is no room, or the place cannot be written.
    """
    building = destination.with_name(f".{destination.name}.new")
    try:
        shutil.rmtree(building, ignore_errors=True)
        copy_tree(template.data, building, account)
        set_passwords(template.postgres, building, account, credentials)
        building.rename(destination)
    except OSError as error:
        raise UserError(
            f"The database cannot be copied: {error.strerror or error}",
            where=str(destination),
            next_step="Check free space (about 400 MB are needed) and who owns the directory.",
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _is_whole(template: Template) -> bool:
    return (template.directory / "template.json").exists() and (template.data / "PG_VERSION").exists()


def _build(template: Template, data: DataSet, progress: Progress) -> None:
    account = service_account()
    home = template.directory.parent
    check_reachable(home / "x", account)
    _clear_leftovers(home)
    building = Path(mkdtemp(prefix=".new-", dir=home))
    try:
        make_directory(building, account, mode=0o700)
        started = wall()
        build_data(template.postgres, building / "data", account, data, progress)
        described = {
            "postgres": template.postgres.version,
            "scale": data.scale,
            "newest": data.newest,
            "bytes": sum(file.stat().st_size for file in building.rglob("*") if file.is_file()),
            "built_at": started,
            "built_in_s": round(wall() - started, 1),
        }
        (building / "template.json").write_text(json.dumps(described, indent=2))
        shutil.rmtree(template.directory, ignore_errors=True)
        building.rename(template.directory)
    except OSError as error:
        raise UserError(
            f"The database template cannot be made: {error.strerror or error}",
            where=str(home),
            next_step="Check free space (about 1 GB is needed) and who owns the directory.",
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _clear_leftovers(home: Path) -> None:
    """Of builders that were killed (one may be at work now), and templates that nobody used lately."""
    for leftover in home.glob(".new-*"):
        if wall() - leftover.stat().st_mtime > _BUILT_WITHIN_S:
            shutil.rmtree(leftover, ignore_errors=True)
    for described in home.glob("*/template.json"):
        if wall() - described.stat().st_mtime > _UNUSED_S:
            shutil.rmtree(described.parent, ignore_errors=True)


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    home = directory.parent
    try:
        for opened in (cache(), home):
            if not opened.exists():
                opened.mkdir(parents=True, exist_ok=True)
                opened.chmod(0o755)
        descriptor = os.open(home / f".{directory.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UserError(
            f"The cache cannot be written: {error.strerror}",
            where=str(home),
            next_step="Make it writable, or set DRILLYARD_CACHE to another directory.",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
