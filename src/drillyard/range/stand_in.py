"""A stand-in for a stopped range: empty hosts in its place and at its addresses, and what it keeps off site.

What a range's operators restore on it is what is really there: nothing of the primary site, of the standby or
of what lay in memory can be reached. The range itself is moved aside meanwhile and put back afterwards; a
crash in between is made good by the next `put_back`.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from drillyard.base.errors import UserError
from drillyard.range.component import Site
from drillyard.range.linked import linked_elsewhere
from drillyard.range.nursery_client import ledger_of
from drillyard.range.privileges import (
    Account,
    demoted,
    keeper,
    make_directory,
    make_own_directory,
    write_file,
)
from drillyard.range.range import Range
from drillyard.range.releases import PART_OF_KIND, Release, Releases
from drillyard.range.workspace import released_files

LOST = ("haproxy", "postgres", "standby", "valkey")
"""The hosts that are empty: without data, and without the configuration of what ran on them."""
_DESCRIBED_BY = ("range.json", "credentials.json")
COPY_LIMIT_S = 300.0


def stand_in(range_: Range, aside: Path) -> Range:
    """Move a stopped range to `aside` and make a stand-in of it, which runs nothing yet; blocking.

    `aside` is on the same file system, where the services' account cannot get to: what is restored must not
    come from there. (Without root, everything of the user's can be read by the user's services.)

    Raises:
        UserError: the range has no sites, or the copy of its off-site storage cannot be made, or what lies
            there is shared with another place.
    """
    if range_.host is None:
        raise UserError("This scenario's shop has no second site", next_step="See: drill list")
    directory, account = range_.directory, range_.account
    building = _beside(directory, "new")
    shutil.rmtree(building, ignore_errors=True)
    make_own_directory(building, account)
    for name in _DESCRIBED_BY:
        shutil.copy2(directory / name, building / name)
    shutil.copytree(directory / "releases", building / "releases", symlinks=True)
    sites = make_own_directory(building / "sites", account)
    offsite = make_directory(sites / "offsite", account, mode=0o700)
    _copy_offsite(range_.host.sites.offsite, offsite, account)
    directory.rename(aside)
    _alone(aside)
    building.rename(directory)
    made = Range.open(directory)
    release = made.releases.current
    for component in made.components(release):
        if component.kind not in LOST:
            release.install(component.kind, component.site)
    _nothing_to_fill(made)
    return made


def _alone(aside: Path) -> None:
    """What an operator left running went along with all that is there; nobody else can get there any more."""
    try:
        ledger_of(aside).sweep()
    except TimeoutError as error:
        raise UserError(f"What was left running there does not end: {error}", where=str(aside)) from error


def put_back(directory: Path, aside: Path) -> bool:
    """Put the range that lives in `directory` back from `aside`, and remove its stand-in; blocking.

    False when it does not stand aside. What still runs of the stand-in is ended first. Nothing is deleted
    before the range is back.
    """
    gone = _beside(directory, "gone")
    found = aside.exists()
    if found:
        if directory.exists():
            ledger_of(directory).sweep()
            shutil.rmtree(gone, ignore_errors=True)
            directory.rename(gone)
        aside.rename(directory)
    for left in (gone, _beside(directory, "new")):
        shutil.rmtree(left, ignore_errors=True)
    return found


def _beside(directory: Path, what: str) -> Path:
    return directory.with_name(f"{directory.name}-{what}")


def not_restored(stand_in: Range, aside: Path) -> list[str]:
    """Files of the configuration that are not in force on a stand-in as they were in the range that it stands
    for, which is `aside`: by their names in the workspace.
    """
    before = Releases(aside).current
    now = stand_in.releases.current
    there, wanted = released_files(now.directory), released_files(before.directory)
    odd = {name for name in there.keys() | wanted.keys() if _differ(there.get(name), wanted.get(name))}
    return sorted(odd | set(_not_installed(stand_in, before)))


def _not_installed(stand_in: Range, before: Release) -> Iterator[str]:
    """Files that the hosts which were empty do not have."""
    for component in stand_in.components(stand_in.releases.current):
        if component.kind not in LOST or component.kind == "standby":
            continue
        part = PART_OF_KIND[component.kind]
        for name, wanted in before.files_of(part).items():
            if not _as_released(component.site, name, wanted):
                yield f"{part}/{name}"


def _as_released(site: Site, name: str, wanted: Path) -> bool:
    """Whether a component has a file as it gets it from a release."""
    try:
        return (site.config / name).read_text() == site.released(wanted.read_text())
    except (OSError, UnicodeDecodeError):
        return False


def _differ(one: Path | None, other: Path | None) -> bool:
    try:
        return one is None or other is None or one.read_bytes() != other.read_bytes()
    except OSError:
        return True


def _copy_offsite(offsite: Path, target: Path, account: Account) -> None:
    """As the service account, whose files these are and who may have put anything there."""
    if (shared := linked_elsewhere(offsite)) is not None:
        raise UserError(
            "What lies off site is no copy: it is the same file as one elsewhere (a hard link)",
            where=str(shared),
            next_step="Copy it (cp without -l), so that it is there when the other is gone.",
        )
    try:
        done = subprocess.run(
            ["cp", "-a", f"{offsite}/.", str(target)],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COPY_LIMIT_S,
            check=False,
            cwd="/",
            **demoted(account),
        )
        why = done.stderr.strip()[-300:] if done.returncode else ""
    except subprocess.TimeoutExpired:
        why = f"it takes longer than {COPY_LIMIT_S:.0f} s"
    if why:
        raise UserError(
            f"The off-site storage cannot be copied: {why}",
            where=str(offsite),
            next_step="Look at what lies there (drill shell), and whether the disk is full.",
        )


def _nothing_to_fill(made: Range) -> None:
    """The database was filled once: a data directory that is empty now stays empty."""
    postgres = made.composition.site("postgres")
    make_own_directory(postgres.directory, made.account)
    write_file(postgres.directory / "data-made", "", keeper(made.account))
