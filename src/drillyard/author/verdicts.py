"""Reading what `drill check --json`, `drill submit --json` and `drill measure --json` print."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from drillyard.author.player import PlayError, Said
from drillyard.author.rows import Case, Kind, Played, Proof
from drillyard.scenario.flaw import Flaw


def judged(case: Case, said: Said, seconds: float) -> Played:
    """What a verdict proves: untouched and cheats must fail (a cheat by the ids it expects), solutions pass.

    Raises:
        PlayError: what was printed holds no verdict.
    """
    found = list(_checks(_report(said.json())))
    if not found:
        raise PlayError("the verdict names no check")
    checks = {each.name: each.status for each in found}
    failing = tuple(sorted(name for name, status in checks.items() if status == "fail"))
    doubtful = tuple(sorted(name for name, status in checks.items() if status == "inconclusive"))
    outcome = "fail" if failing else "inconclusive" if doubtful else "pass"
    proof, why = _proof(case, failing, doubtful)
    if proof is Proof.INCONCLUSIVE:
        reasons = dict.fromkeys(each.reason for each in found if each.name in doubtful and each.reason)
        why = "; ".join((why, *list(reasons)[:3]))
    if proof is Proof.WRONG:
        told = [f"{each.name}: {each.failed}" for each in found if each.name in failing and each.failed]
        why = "; ".join((why, *told[:3]))
    return Played(case, proof, outcome, why, seconds, failing, doubtful)


def _proof(case: Case, failing: tuple[str, ...], doubtful: tuple[str, ...]) -> tuple[Proof, str]:
    passes = case.kind in (Kind.SOLUTION, Kind.HARMLESS)
    return (_must_pass if passes else partial(_must_fail, case))(failing, doubtful)


def _must_pass(failing: tuple[str, ...], doubtful: tuple[str, ...]) -> tuple[Proof, str]:
    if failing:
        return Proof.WRONG, f"must pass, fails: {', '.join(failing)}"
    if doubtful:
        return Proof.INCONCLUSIVE, f"could not be measured: {', '.join(doubtful)}"
    return Proof.PROVEN, "passes"


def _must_fail(case: Case, failing: tuple[str, ...], doubtful: tuple[str, ...]) -> tuple[Proof, str]:
    expected = case.recipe.expectation().named if case.recipe and case.kind is Kind.CHEAT else ()
    if missing := [name for name in expected if name not in failing]:
        if all(name in doubtful for name in missing):
            return Proof.INCONCLUSIVE, f"could not be measured: {', '.join(missing)}"
        return Proof.WRONG, f"must fail by {', '.join(missing)}; failing: {', '.join(failing) or 'nothing'}"
    if not failing:
        proof = Proof.INCONCLUSIVE if doubtful else Proof.WRONG
        return proof, "must fail, and nothing does"
    return Proof.PROVEN, f"fails: {', '.join(failing)}"


def moved(case: Case, flaw: Flaw, said: Said, seconds: float) -> Played:
    """Whether the flaw alone moved its reading: the twin has it, the learner's range was repaired.

    Raises:
        PlayError: the reading was not measured.
    """
    row = _figure(said.json(), flaw.reading)
    repaired, flawed = _number(row, "value"), _number(row, "twin")
    if repaired is None or flawed is None:
        raise PlayError(f"{flaw.reading} was not measured on both ranges")
    factor = flaw.factor(without=repaired, with_it=flawed)
    values = f"{repaired:.4g} without, {flawed:.4g} with it"
    told = f"{flaw.reading}: {values}, {factor:.3g} times ({flaw.by:g} asked)"
    left = flaw.leaves is None or repaired <= flaw.leaves < flawed
    told += "" if flaw.leaves is None else f", at most {flaw.leaves:g} left"
    proof = Proof.PROVEN if factor >= flaw.by and left else Proof.WRONG
    return Played(case, proof, "moved" if proof is Proof.PROVEN else "not moved", told, seconds)


def _report(node: JsonValue) -> JsonValue:
    """A submission's report lies in its `data`, which may be JSON in a string."""
    data = node.get("data") if isinstance(node, dict) else None
    if isinstance(data, str):
        parsed: JsonValue = json.loads(data)
        return parsed
    return node


@dataclass(frozen=True)
class _Found:
    """One check of a verdict; `failed` is the first thing that was not as asked, and where to look next."""

    name: str
    status: str
    reason: str
    failed: str


def _checks(node: JsonValue) -> Iterator[_Found]:
    """Every check in a verdict, wherever it lies: an object with `id`, `status`, `evidence` and a reason."""
    if isinstance(node, dict):
        name, status = node.get("id"), node.get("status")
        if isinstance(name, str) and isinstance(status, str) and "evidence" in node:
            yield _Found(name, status, str(node.get("reason", "")), _failed(node["evidence"]))
        for value in node.values():
            yield from _checks(value)
    elif isinstance(node, list):
        for value in node:
            yield from _checks(value)


def _failed(evidence: JsonValue) -> str:
    for item in evidence if isinstance(evidence, list) else []:
        if isinstance(item, dict) and item.get("status") == "fail":
            value = item.get("value")
            seen = f" is {value:.4g}" if isinstance(value, int | float) else ""
            asked = f" ({item['threshold']})" if item.get("threshold") else ""
            further = f". {item['look_next']}" if item.get("look_next") else ""
            return f"{item.get('what', '')}{seen}{asked}{further}"
    return ""


def _figure(node: JsonValue, name: str) -> dict[str, JsonValue]:
    rows = node.get("rows") if isinstance(node, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("name") == name:
            return row
    raise PlayError(f"{name} was not measured")


def _number(row: dict[str, JsonValue], key: str) -> float | None:
    value = row.get(key)
    return float(value) if isinstance(value, int | float) else None
