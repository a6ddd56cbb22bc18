"""Where a drill lies on disk, and which drills there are."""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from drillyard.base.clock import wall
from drillyard.base.errors import NoDrillError, UserError
from drillyard.base.paths import home

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
FORMAT = 1


@dataclass(frozen=True)
class Places:
    """The directories of one drill (ARCHITECTURE.md, "On disk")."""

    root: Path

    @property
    def name(self) -> str:
        """The drill's name."""
        return self.root.name

    @property
    def private(self) -> Path:
        """The daemon's own, closed to everyone else."""
        return self.root / "private"

    def measurement(self, name: str) -> Path:
        """Where one measurement is kept."""
        return self.private / "measurements" / name

    @property
    def range(self) -> Path:
        """The learner's range."""
        return self.root / "range"

    @property
    def aside(self) -> Path:
        """The learner's range while a rehearsal's stand-in has its place."""
        return self.private / "range-aside"

    def subject(self, subject: str) -> Path:
        """The range of `twin` or `par`."""
        return self.root / "subjects" / subject

    @property
    def store(self) -> Path:
        """The store's database."""
        return self.private / "store.sqlite"

    @property
    def socket(self) -> Path:
        """The daemon's socket."""
        return self.private / "daemon.sock"

    @property
    def lock(self) -> Path:
        """Held by the daemon as long as it lives."""
        return self.private / "daemon.lock"

    @property
    def pid_file(self) -> Path:
        """The daemon's pid and start time."""
        return self.private / "daemon.pid"

    @property
    def log(self) -> Path:
        """What the daemon says, tracebacks included."""
        return self.private / "daemon.log"

    @property
    def record(self) -> Path:
        """What the drill is: written once, before anything else."""
        return self.private / "drill.json"


@dataclass(frozen=True)
class Record:
    """What a drill is.

    `variant` names the seed, `created` is epoch seconds; `scale` is that of the data set
    (None: as the scenario says).
    """

    name: str
    scenario: str
    variant: str
    workspace: str
    created: float
    traffic: bool = True
    scale: float | None = None
    format: int = FORMAT

    @classmethod
    def read(cls, places: Places) -> "Record":
        """The record of a drill.

        Raises:
            NoDrillError: there is no such drill.
            UserError: it was made by a newer Drillyard.
        """
        try:
            stored = json.loads(places.record.read_text())
        except FileNotFoundError:
            raise no_such_drill(places.name) from None
        if stored["format"] > FORMAT:
            raise UserError(
                "This drill was made by a newer Drillyard",
                where=str(places.record),
                next_step="Update Drillyard.",
            )
        return cls(**stored)

    def write(self, places: Places) -> None:
        """Write the record, whole or not at all."""
        temporary = places.record.with_suffix(".new")
        with temporary.open("w") as file:
            json.dump(asdict(self), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(places.record)


def drills_directory() -> Path:
    """The directory with one folder a drill."""
    return home() / "drills"


def places_of(name: str) -> Places:
    """The places of the drill called `name`, which need not exist.

    Raises:
        UserError: that is no name for a drill.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"`{name}` cannot be the name of a drill",
            next_step="Use small letters, digits and hyphens, at most 40 of them.",
        )
    return Places(drills_directory() / name)


def all_drills() -> list[Places]:
    """Every drill on this machine (of this user), by name."""
    directory = drills_directory()
    if not directory.is_dir():
        return []
    found = [Places(entry) for entry in sorted(directory.iterdir())]
    return [places for places in found if places.record.is_file()]


def no_such_drill(name: str) -> NoDrillError:
    """The error for a drill that is not there."""
    known = ", ".join(places.name for places in all_drills())
    return NoDrillError(
        f"There is no drill called `{name}`",
        next_step=f"There are: {known}." if known else "Start one: drill start performance-optimization",
    )


def choose(name: str | None) -> Places:
    """The drill to act on: the named one, or the only one there is.

    Raises:
        NoDrillError: there is none, or several and none was named.
    """
    if name:
        places = places_of(name)
        if not places.record.is_file():
            raise no_such_drill(name)
        return places
    known = all_drills()
    if len(known) == 1:
        return known[0]
    if not known:
        raise NoDrillError(
            "There is no drill yet", next_step="Start one: drill start performance-optimization"
        )
    raise NoDrillError(
        f"There are {len(known)} drills: {', '.join(places.name for places in known)}",
        next_step=f"Say which with each command, as in `drill status --drill {known[0].name}`, or once for"
        f" this terminal: export DRILL={known[0].name}",
    )


def create(record: Record) -> Places:
    """Make the directories and the record of a new drill.

    Raises:
        UserError: there is a drill of that name, or the workspace cannot be made where it is wanted.
    """
    places = places_of(record.name)
    if places.record.exists():
        raise UserError(
            f"There is a drill called `{record.name}` already",
            next_step=f"Use it (drill status --drill {record.name}), end it"
            f" (drill stop --delete --drill {record.name}), or choose another --name.",
        )
    _require_room(Path(record.workspace))
    for directory in (home(), drills_directory(), places.root):
        if not directory.exists():
            directory.mkdir(parents=True)
            directory.chmod(0o755)  # whatever the umask: services pass here, and everything private is below
    places.private.mkdir(mode=0o700, exist_ok=True)
    places.private.chmod(0o700)
    record.write(places)
    return places


def _require_room(workspace: Path) -> None:
    """A workspace can be made there.

    Raises:
        UserError: something is there already, or nothing can be put there.
    """
    where = str(workspace)
    try:
        occupied = any(workspace.iterdir())
    except FileNotFoundError:
        occupied = False
    except OSError as error:
        raise UserError(
            f"The workspace cannot be put here: {error.strerror}",
            where=where,
            next_step="Choose another folder with --workspace.",
        ) from error
    if occupied:
        raise UserError(
            "The workspace exists and is not empty",
            where=where,
            next_step="Choose another with --workspace, or move it away: nothing of yours is overwritten.",
        )
    above = next(parent for parent in workspace.parents if parent.exists())
    if not os.access(above, os.W_OK | os.X_OK):
        raise UserError(
            f"The workspace cannot be put here: you may not write to {above}",
            where=where,
            next_step="Choose another folder with --workspace.",
        )


def default_name(scenario: str) -> str:
    """A free name for a new drill of that scenario."""
    taken = {places.name for places in all_drills()}
    candidates = (scenario if number == 1 else f"{scenario}-{number}" for number in range(1, 1000))
    return next(name for name in candidates if name not in taken)


def new_record(
    *, name: str, scenario: str, variant: str, workspace: Path | None, traffic: bool, scale: float | None
) -> Record:
    """The record of a new drill, with the default workspace `~/drills/<name>` when none is named."""
    folder = (workspace or Path.home() / "drills" / name).expanduser().absolute()
    return Record(name, scenario, variant, str(folder), wall(), traffic, scale)
