"""The learner's shop as it is looked at outside of measurements: at a disaster, after it, in a rehearsal."""

from dataclasses import replace

import psycopg

from drillyard.assess.recoveries import Disastered
from drillyard.assess.recovery import what_there_is
from drillyard.assess.subject import Subject
from drillyard.base.clock import wall
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
    """A disaster that is coming, with what there is before it; `gone_before` are the
    keys of orders that earlier disasters took.

    Raises:
        UserError: the database does not answer.
    """
    try:
        catalog, missing = await what_there_is(subject, gone_before)
    except psycopg.Error as error:
        raise UserError(
            f"The database does not answer: {str(error).strip()}", next_step="See `drill status`."
        ) from error
    return replace(coming, struck=wall(), catalog=catalog, missing=missing)
