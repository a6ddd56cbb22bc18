"""The files of a report: signed JSON, and one self-contained page with the same inside.

The signature is a JSON Web Signature (RFC 7515) with detached payload by an Ed25519 key of this machine; the
payload is the report as JSON with sorted keys and without spaces. The page carries the signed JSON and
nothing that does not follow from it, so that an altered page is told as well: it is made again and compared.
What a signature made on the learner's own machine proves: docs/judging.md.
"""

import json
import re
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import markdown_it
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from drillyard.assess import wording
from drillyard.assess.report import charts, frame, svg
from drillyard.assess.report import page as page_module
from drillyard.assess.report import text as text_module
from drillyard.assess.report.content import Report, from_values, schema, to_values
from drillyard.assess.report.page import render
from drillyard.base.errors import UserError
from drillyard.base.signing import ForgedError, MachineKey, verified

_DATA = re.compile(r'<script type="application/json" id="drillyard-report">(?P<json>.*?)</script>', re.DOTALL)
_MAKERS = (page_module, frame, charts, svg, text_module, wording)
PAGE_MAKER = sha256(
    b"".join(Path(str(module.__file__)).read_bytes() for module in _MAKERS) + markdown_it.__version__.encode()
).hexdigest()
"""The digest of all that a page is made by."""
MAX_BYTES = 20_000_000
"""Far more than any report needs."""


class _Envelope(BaseModel):
    """A signed report: `signature` is a JWS without its payload, which `report` is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    report: JsonValue
    signature: str


@dataclass(frozen=True)
class Verified:
    """A report that is as it was signed; `key` is the thumbprint of whose key (RFC 7638).

    `page` is False for a page that other code made, so that its surroundings cannot be compared.
    """

    report: Report
    key: str
    page: bool = True


def signed_json(report: Report, key: MachineKey) -> str:
    """The report as a signed file, with the name of the code that makes its page."""
    values = to_values(replace(report, page_maker=PAGE_MAKER))
    return _written(_Envelope(report=values, signature=key.sign(_payload(values))))


def page(signed: str) -> str:
    """The self-contained page of what `signed_json` gave."""
    return _page(_envelope(signed))


def report_of(signed: str) -> Report:
    """The report in a signed file, whoever signed it.

    Raises:
        UserError: it is no report, or one of another version of the format.
    """
    return _report(_envelope(signed))


def verify(text: str) -> Verified:
    """Look whether a signed file or page is as it was signed.

    Raises:
        UserError: it is no report.
        ForgedError: it was altered.
    """
    found = _DATA.search(text)
    envelope = _envelope(found["json"] if found else text)
    key = verified(_payload(envelope.report), envelope.signature)
    report = _report(envelope)
    if found is None or _page(envelope) == text:
        return Verified(report, key)
    if report.page_maker != PAGE_MAKER:
        return Verified(report, key, page=False)
    raise ForgedError("The page around the report was altered: it does not follow from the signed report")


def file_schema() -> dict[str, Any]:
    """The JSON schema of a signed file."""
    inner = schema()
    definitions = inner.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Drillyard report",
        "type": "object",
        "properties": {
            "report": inner,
            "signature": {
                "type": "string",
                "description": "JWS (RFC 7515), EdDSA, without its payload: the report as JSON in UTF-8, keys"
                " sorted, without spaces",
            },
        },
        "required": ["report", "signature"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _page(envelope: _Envelope) -> str:
    inside = _written(envelope).replace("<", "\\u003c")
    data = f'<script type="application/json" id="drillyard-report">{inside}</script>'
    return render(_report(envelope), data)


def _written(envelope: _Envelope) -> str:
    return json.dumps(envelope.model_dump(), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _payload(values: JsonValue) -> bytes:
    return json.dumps(
        values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _envelope(text: str) -> _Envelope:
    try:
        if len(text) > MAX_BYTES:
            raise ValueError(f"{len(text)} characters are no report")
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        return _Envelope.model_validate(found)
    except (ValueError, RecursionError) as error:
        raise UserError("This is no report of Drillyard", next_step="`drill report` writes them.") from error


def _once(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """A JSON object; one that says a thing twice could show one and be signed for the other."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name occurs twice in an object")
    return made


def _no_number(name: str) -> JsonValue:
    raise ValueError(f"{name} is no JSON")


def _report(envelope: _Envelope) -> Report:
    try:
        return from_values(envelope.report)
    except ValidationError as error:
        version = envelope.report.get("format_version") if isinstance(envelope.report, dict) else None
        raise UserError(
            f"This report has a format that this Drillyard does not read (version {version})",
            next_step="Read it with the version of Drillyard that made it.",
        ) from error
