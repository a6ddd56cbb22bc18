"""The standby: a second PostgreSQL, off the primary site, for a learner who makes it one."""

from drillyard.base.errors import NeedsOperatorError
from drillyard.range.components.postgres import Postgres


class Standby(Postgres):
    """It has the data that the learner gives it (`pg_basebackup -R`, say), and does not run without any."""

    kind = "standby"
    endpoints = ("standby",)
    essential = False
    title = "The standby"

    def _require(self) -> None:
        """Without data nothing else matters: nobody made it one yet, or the hosts are a stand-in's."""
        if not (self.site.data / "PG_VERSION").exists():
            self._fill()
        super()._require()

    def _fill(self) -> None:
        raise NeedsOperatorError(
            "The standby has no data yet",
            where=str(self.site.data),
            next_step='Give it some, in drill shell: pg_basebackup -D "$STANDBY_DATA" -R',
        )
