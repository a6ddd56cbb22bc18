"""What certify shows and writes: a table for people, JSON for programs, JUnit for continuous integration."""

import json
from collections import defaultdict
from collections.abc import Iterable
from xml.etree import ElementTree

from rich.table import Table

from drillyard.author.certify import Certificate
from drillyard.author.rows import Played, Proof

_MARKS = {
    Proof.PROVEN: "[green]✔[/]",
    Proof.WRONG: "[red]✘[/]",
    Proof.INCONCLUSIVE: "[yellow]?[/]",
    Proof.BROKEN: "[red]![/]",
}


def table(certificate: Certificate) -> Table:
    """One line a row, one column a variant (flaws have one of their own); a mark for each repeat."""
    rows: dict[str, dict[str, list[Played]]] = defaultdict(lambda: defaultdict(list))
    for each in certificate.played:
        rows[each.case.row]["alone" if each.case.flaw else each.case.variant].append(each)
    variants = sorted({variant for row in rows.values() for variant in row}, key=lambda v: (v == "alone", v))
    drawn = Table(title=f"{certificate.scenario}: proven ✔, wrong ✘, could not be measured ?, broken !")
    drawn.add_column("row")
    for variant in variants:
        drawn.add_column(variant if variant == "alone" else f"variant {variant}", justify="center")
    drawn.add_column("why")
    for name, row in rows.items():
        marks = [" ".join(_MARKS[each.proof] for each in row.get(variant, [])) for variant in variants]
        drawn.add_row(name, *marks, _why([each for found in row.values() for each in found]))
    return drawn


def _why(played: list[Played]) -> str:
    """The reason of the first that was not proven, or else of the first."""
    worst = next((each for each in played if each.proof is not Proof.PROVEN), played[0])
    lines = worst.why.strip().splitlines()
    return lines[-1] if lines else ""


def as_json(certificates: Iterable[Certificate]) -> str:
    """Everything, one object a scenario and in it one a case."""
    return json.dumps({"format_version": 1, "scenarios": list(map(_plain, certificates))}, indent=1)


def _plain(certificate: Certificate) -> dict[str, object]:
    return {
        "scenario": certificate.scenario,
        "code": certificate.code,
        "exit_code": int(certificate.exit_code),
        "flips": certificate.flips,
        "flip_rate": dict(zip(("value", "low", "high"), certificate.flip_rate, strict=True)),
        "seconds": round(certificate.seconds, 1),
        "played": [
            {
                "row": each.case.row,
                "variant": each.case.variant,
                "repeat": each.case.repeat,
                "proof": each.proof,
                "outcome": each.outcome,
                "why": each.why,
                "failing": each.failing,
                "doubtful": each.doubtful,
                "seconds": round(each.seconds, 1),
            }
            for each in certificate.played
        ],
    }


def as_junit(certificates: Iterable[Certificate]) -> str:
    """JUnit's XML: a suite for each scenario, a test case for each case, doubtful ones as skipped."""
    suites = ElementTree.Element("testsuites", name="certify")
    suites.extend(map(_suite, certificates))
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)


def _suite(certificate: Certificate) -> ElementTree.Element:
    counts = {proof: sum(each.proof is proof for each in certificate.played) for proof in Proof}
    suite = ElementTree.Element(
        "testsuite",
        name=f"certify {certificate.scenario}",
        tests=str(len(certificate.played)),
        failures=str(counts[Proof.WRONG]),
        errors=str(counts[Proof.BROKEN]),
        skipped=str(counts[Proof.INCONCLUSIVE]),
    )
    tags = {Proof.WRONG: "failure", Proof.BROKEN: "error", Proof.INCONCLUSIVE: "skipped"}
    for each in certificate.played:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=each.case.row,
            name=f"variant {each.case.variant}, {each.case.repeat}",
            time=f"{each.seconds:.1f}",
        )
        if tag := tags.get(each.proof):
            ElementTree.SubElement(case, tag, message=each.outcome).text = each.why
    return suite
