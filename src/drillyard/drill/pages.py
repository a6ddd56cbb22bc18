"""What a learner reads and writes in a drill: brief, task pages, hints, notes."""

from drillyard.base.errors import UserError
from drillyard.drill.places import Record
from drillyard.drill.store import NoteRow, Store
from drillyard.drill.views import BriefView, HintsView, HintView, NotesView, NoteView, TaskPageView, TaskView
from drillyard.scenario.scenario import Scenario


class Pages:
    """The readable side of one drill."""

    def __init__(self, record: Record, store: Store, scenario: Scenario) -> None:
        self._record = record
        self._store = store
        self._scenario = scenario

    def tasks(self) -> list[TaskView]:
        """The tasks with how they were last judged."""
        checks = self._store.latest_checks()
        return [
            TaskView(
                number=number,
                id=task.id,
                title=task.title,
                outcome=checks[task.id].outcome if task.id in checks else None,
                self_assessed=not task.checks,
            )
            for number, task in enumerate(self._scenario.manifest.tasks, start=1)
        ]

    def brief(self, url: str = "") -> BriefView:
        """What is the matter and what is asked."""
        manifest = self._scenario.manifest
        return BriefView(
            title=manifest.title,
            objective=manifest.objective,
            brief=self._scenario.brief(self._record.variant),
            tasks=self.tasks(),
            workspace=self._record.workspace,
            url=url,
        )

    def task(self, task_id: str) -> TaskPageView:
        """One task's page.

        Raises:
            UserError: there is no such task.
        """
        task = self._scenario.task(task_id)
        return TaskPageView(
            id=task.id, title=task.title, page=self._scenario.page(task.id, self._record.variant)
        )

    def hints(self, task_id: str) -> HintsView:
        """The hints of a task that were read, and the price of the next."""
        task = self._scenario.task(task_id).id
        hints = self._scenario.hints_for(task)
        tiers = {row.tier for row in self._store.hints() if row.task == task}
        left = [float(hint.cost) for hint in hints if hint.tier not in tiers]
        read = [
            HintView(task=task, tier=hint.tier, cost=hint.cost, text=hint.text, new=False, left=left)
            for hint in hints
            if hint.tier in tiers
        ]
        return HintsView(task=task, read=read, next_cost=left[0] if left else None)

    def take_hint(self, task_id: str) -> HintView:
        """The next hint of a task; it counts from now on.

        Raises:
            UserError: all of them were read.
        """
        task = self._scenario.task(task_id).id
        seen = self.hints(task)
        if seen.next_cost is None:
            raise UserError(
                f"You have read every hint of {task}", next_step=f"Read them again: drill hint {task} --read"
            )
        hint = self._scenario.hints_for(task)[len(seen.read)]
        new = self._store.take_hint(task, hint.tier, hint.cost)
        left = [float(later.cost) for later in self._scenario.hints_for(task)[len(seen.read) + 1 :]]
        return HintView(task=task, tier=hint.tier, cost=hint.cost, text=hint.text, new=new, left=left)

    def notes(self) -> NotesView:
        """All notes."""
        return NotesView(notes=[_note(row) for row in self._store.notes()])

    def write_note(self, text: str) -> NoteView:
        """Keep a note.

        Raises:
            UserError: it is empty.
        """
        if not text.strip():
            raise UserError("The note is empty", next_step='Write one: drill note "search has no index"')
        return _note(self._store.write_note(text.strip()))


def _note(row: NoteRow) -> NoteView:
    return NoteView(id=row.id, at=row.at, text=row.text)
