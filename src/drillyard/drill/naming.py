"""What operations are called in sentences."""

from drillyard.drill.wire import Request

_NOUNS = {
    "measure": "measurement",
    "submit": "submission",
    "traffic": "change of traffic",
    "rehearse": "rehearsal",
    "recovered": "look at what was recovered",
}
"""Where the command's own name is no noun."""


def noun(request: Request) -> str:
    """`rehearsal`, to be said with an article."""
    return _NOUNS.get(request.kind, request.kind)


def a_noun(request: Request) -> str:
    """`a rehearsal`, `an apply`."""
    named = noun(request)
    return f"{'an' if named[0] in 'aeiou' else 'a'} {named}"
