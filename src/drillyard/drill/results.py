"""What was measured and judged in a drill, read back."""

from drillyard.assess import kept
from drillyard.assess.measurement import Measurement
from drillyard.base.errors import UserError
from drillyard.drill.events import DebriefRead
from drillyard.drill.figures import changes, figures
from drillyard.drill.places import Places, Record
from drillyard.drill.store import MeasurementRow, Store
from drillyard.drill.story import attempts, planted
from drillyard.drill.views import (
    AttemptView,
    ComparisonView,
    DebriefView,
    FiguresView,
    MeasurementLine,
    MeasurementsView,
    ReportView,
)
from drillyard.scenario.scenario import Scenario


class Results:
    """The measurements and reports of one drill."""

    def __init__(self, places: Places, store: Store, record: Record, scenario: Scenario) -> None:
        self._places = places
        self._store = store
        self._record = record
        self._scenario = scenario

    def measurements(self) -> MeasurementsView:
        """All kept measurements, oldest first."""
        lines = [
            MeasurementLine(id=row.id, at=row.at, label=row.summary, purpose=row.purpose)
            for row in self._store.measurements()
        ]
        return MeasurementsView(measurements=lines)

    def measurement(self, name: str, *, everything: bool = False) -> FiguresView:
        """One kept measurement.

        Raises:
            UserError: there is none of that name.
        """
        row = self._find(name)
        return view_of(self._load(row), row.purpose, everything=everything)

    def compare(self, before: str, after: str) -> ComparisonView:
        """Two measurements side by side.

        Raises:
            UserError: there is none of one of the names, or both name the same one.
        """
        one, other = self._find(before), self._find(after)
        if one.id == other.id:
            raise UserError(
                f"`{before}` and `{after}` are one measurement, {_titled(one)}",
                next_step="Make another: drill measure. Those of checks are named by their ids.",
            )
        return ComparisonView(
            before=_titled(one), after=_titled(other), rows=changes(self._load(one), self._load(other))
        )

    def report(self, attempt: int | None = None) -> ReportView:
        """The report of a submission that was judged; without `attempt` of the latest.

        Raises:
            UserError: nothing was submitted yet, or that attempt was not.
        """
        done = {row.id: row.report for row in self._store.attempts() if row.report is not None}
        if not done:
            raise UserError("Nothing was submitted yet", next_step="Have the drill judged: drill submit")
        number = max(done) if attempt is None else attempt
        if number not in done:
            known = ", ".join(map(str, sorted(done)))
            raise UserError(f"There is no judged attempt {number}", next_step=f"There are: {known}.")
        return with_attempts(ReportView.model_validate_json(str(done[number])), self._store)

    def debrief(self) -> DebriefView:
        """What was planted, and the debrief; read before a submission passed, that is noted for good."""
        passed = any(row.outcome == "pass" for row in self._store.attempts())
        if not passed and not self._store.timeline(kinds=("debrief-read",)):
            self._store.append(DebriefRead())
        scenario, variant = self._scenario, self._record.variant
        return DebriefView(planted=list(planted(scenario, variant)), debrief=scenario.debrief())

    def _find(self, name: str) -> MeasurementRow:
        """By its id, its label, or `first` and `last`: of `drill measure`, where there is any, since a check
        measures less, and some of it without a twin.
        """
        rows = self._store.measurements()
        ends = [row for row in rows if row.purpose == "measure"] or rows
        by_name = {row.id: row for row in rows} | {row.summary: row for row in rows if row.summary}
        if ends:
            by_name |= {"first": ends[0], "last": ends[-1]}
        if name in by_name:
            return by_name[name]
        known = ", ".join(_titled(row) for row in rows)
        raise UserError(
            f"There is no measurement `{name}`",
            next_step=f"There are: {known}." if known else "Make one: drill measure",
        )

    def _load(self, row: MeasurementRow) -> Measurement:
        return kept.load(self._places.private / row.file)


def with_attempts(view: ReportView, store: Store) -> ReportView:
    """The report with all submissions beside it. The best is one that passed, then one with most points."""
    known = [
        AttemptView(number=each.number, at=each.at, outcome=each.status.value, points=each.points)
        for each in attempts(store)
    ]
    best = max(known, key=lambda each: (each.outcome == "pass", each.points or 0.0), default=None)
    return view.model_copy(update={"attempts": known, "best": best.number if best else None})


def view_of(measurement: Measurement, purpose: str, *, everything: bool = False) -> FiguresView:
    """A measurement as it is shown."""
    return FiguresView(
        id=measurement.id,
        at=measurement.ended,
        label=measurement.label,
        purpose=purpose,
        complete=measurement.complete,
        rows=figures(measurement, everything=everything),
        troubles=list(measurement.learner.troubles()),
    )


def _titled(row: MeasurementRow) -> str:
    return f"{row.id} ({row.summary})" if row.summary else row.id
