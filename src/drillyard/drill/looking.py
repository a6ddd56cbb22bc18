"""The learner's shop as it is looked at outside of measurements: at a disaster, after it, in a rehearsal."""

import psycopg

from drillyard.assess import recovery
from drillyard.assess.recoveries import Disastered
from drillyard.assess.subject import Subject
from drillyard.base.errors import UserError
from drillyard.drill.engine import Engine
from drillyard.drill.making import LEARNER
from drillyard.drill.operations import Reporter


async def learner_now(engine: Engine, report: Reporter) -> Subject:
    """The learner's range as a subject.

    Raises:
        UserError: it does not run, or is not ready.
    """
    engine.running  # noqa: B018 - says what is wrong when nothing runs
    if engine.subjects is None:
        raise UserError("The range is not ready", next_step="Bring it up: drill resume")
    (subject,) = await engine.subjects.get((LEARNER,), report)
    engine.subjects.done()
    return subject


async def as_it_was(coming: Disastered, subject: Subject, gone_before: frozenset[str]) -> Disastered:
    """`assess.recovery.as_it_was`, with an error that a learner can act on.

    Raises:
        UserError: the database does not answer.
    """
    try:
        return await recovery.as_it_was(coming, subject, gone_before)
    except psycopg.Error as error:
        raise UserError(
            f"The database does not answer: {str(error).strip()}", next_step="See `drill status`."
        ) from error
