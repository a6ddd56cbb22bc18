"""The passwords of one range's database roles.

Made anew for every range, so that a learner's range cannot reach into the ones it is compared with. They
stand in the workspace (the shop needs them) and in the range's directory, readable by the daemon alone.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from drillyard.base.errors import UserError
from drillyard.range.addresses import Addresses

DATABASE = "shop"
SUPERUSER = "postgres"
"""Only over the Unix socket, whose directory belongs to the service account."""

Role = Literal["shop_app", "shop_admin", "monitor"]
ROLES: tuple[Role, ...] = ("shop_app", "shop_admin", "monitor")


@dataclass(frozen=True)
class Credentials:
    """One password a role.

    `shop_app` is the shop's own role, `shop_admin` the learner's (it owns the schema), `monitor` may read
    statistics.
    """

    shop_app: str
    shop_admin: str
    monitor: str

    @classmethod
    def generate(cls) -> "Credentials":
        """New passwords, of letters and digits only, so that they need no quoting anywhere."""
        return cls(*(secrets.token_hex(12) for _ in ROLES))

    @classmethod
    def load(cls, file: Path) -> "Credentials":
        """What `save` wrote.

        Raises:
            UserError: the file is missing or damaged.
        """
        try:
            stored = json.loads(file.read_text())
            return cls(**{role: str(stored[role]) for role in ROLES})
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                "The range's passwords cannot be read",
                where=str(file),
                next_step="Put the file back, or delete the drill and start another: drill stop --delete",
            ) from error

    def save(self, file: Path) -> None:
        """Write them, readable by this account alone."""
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(asdict(self), stream)

    def password(self, role: Role) -> str:
        """The password of one role."""
        return str(getattr(self, role))

    def dsn(self, role: Role, addresses: Addresses) -> str:
        """A libpq URI for this role and the shop's database."""
        return f"postgresql://{role}:{self.password(role)}@{addresses.endpoint('postgres')}/{DATABASE}"
