"""Documents that a scenario asks for: are the sections there, do they say something, are their figures
measured?
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from drillyard.assess.check import Evidence, Status, Verdict, all_of
from drillyard.assess.costs import untrue
from drillyard.assess.figures import BARE, Figure, backed, candidates, figures_in
from drillyard.assess.measurement import Measurement
from drillyard.assess.prose import plain, section_of, sections_of
from drillyard.scenario.manifest import Document, Manifest

MIN_WORDS = 12
"""Fewer words of one's own do not say anything."""
MIN_DIFFERENT = 8
"""And so many of them are different in any text that says something."""
MAX_BYTES = 200_000
"""Of a document: some 30,000 words; whatever is longer is none, and takes long to be read."""

MOST = 8
"""More different figures on lines of the same words are a ladder that has a rung near every value."""


def read_documents(workspace: Path, documents: Iterable[Document]) -> dict[str, str]:
    """The documents that are there, by file; what is not text or enormous counts as not there."""
    found = {}
    for document in documents:
        path = workspace / document.file
        try:
            if path.is_file() and path.stat().st_size <= MAX_BYTES:
                found[document.file] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return found


def with_workspace(
    measurement: Measurement, manifest: Manifest, workspace: Path, earlier: Sequence[Measurement] = ()
) -> Measurement:
    """The measurement with the learner's documents and the drill's earlier measurements, ready to be
    judged.
    """
    return replace(
        measurement, documents=read_documents(workspace, manifest.documents), earlier=tuple(earlier)
    )


def written(m: Measurement, file: str, sections: Sequence[str], *, min_words: int = MIN_WORDS) -> Verdict:
    """The document has these sections (none: it is there), and each says something."""
    if file not in m.documents:
        missing = f"{file} is not in the workspace, or is no text of at most {MAX_BYTES // 1000} kB"
        wanted = f"a file with {count} sections" if (count := len(sections)) else "a file"
        return _one(Status.FAIL, missing, wanted, look_next="Write it.")
    if not sections:
        return _one(Status.PASS, f"{file} is there", "a file")
    there = sections_of(m.documents[file])
    verdicts = []
    for title in sections:
        section = section_of(there, title)
        if section is None:
            verdicts.append(_one(Status.FAIL, f"{file} has no section “{title}”", "a heading and a text"))
            continue
        enough = section.words >= min_words and section.different_words >= min(MIN_DIFFERENT, min_words)
        what = f"{file}:{section.line} “{title}”: {section.words} words, {section.different_words} different"
        asked = f"at least {min_words} words, {min(MIN_DIFFERENT, min_words)} of them different"
        verdicts.append(_one(Status.PASS if enough else Status.FAIL, what, asked))
    return all_of(*verdicts)


def figures_measured(
    m: Measurement, file: str, sections: Iterable[str] = (), *, at_least: int = 1
) -> Verdict:
    """Figures were measured; those in these sections (all, when none is named) that were not are named.

    Passes with `at_least` different figures that a kept measurement stands behind, and more of them than of
    others in those sections: a setting's old and new value belong into a document, and nobody measured them.
    What stands in a code block, such as the output of a command, counts for the document only.
    """
    if file not in m.documents:
        return _one(Status.FAIL, f"{file} is not in the workspace, or is not text")
    text = m.documents[file]
    known = candidates((*m.earlier, m))
    counting = [found for title in sections if (found := section_of(sections_of(text), title))]
    spans = [range(each.line, each.line + each.rows + each.text.count("\n") + 1) for each in counting]
    stated: dict[frozenset[str], set[str]] = {}
    bad: list[Figure] = []
    for figure in figures_in(plain(text)):
        if backed(figure, known):
            stated.setdefault(_said_of(figure), set()).add(figure.text)
        elif _counts(figure, spans):
            bad.append(figure)
    good = [figure for texts in stated.values() if len(texts) <= MOST for figure in texts]
    wrong = [each for each in untrue(figures_in(plain(text)), m.recoveries) if _counts(each, spans)]
    enough = len(good) >= at_least and len(good) > len(bad) and not wrong
    what = f"{file}: {len(good)} different figures that were measured, {len(bad)} that were not"
    first = _one(Status.PASS if enough else Status.FAIL, what, f"at least {at_least}, and more than others")
    named = tuple(
        Evidence(
            f"{file}:{figure.line} “{figure.text}” has no measurement behind it",
            Status.INCONCLUSIVE if enough else Status.FAIL,
            source="the drill's kept measurements",
            look_next=_where(m),
        )
        for figure in bad[:10]
    )
    untold = tuple(
        Evidence(
            f"{file}:{figure.line} “{figure.text}” is not what was recorded of the disaster that it names",
            Status.FAIL,
            source="the drill's record of disasters",
            look_next=_where(m),
        )
        for figure in wrong[:10]
    )
    return Verdict(first.status, (*first.evidence, *untold, *named))


def _where(m: Measurement) -> str:
    if m.recoveries:
        return "drill recovered --list"
    return "`drill measure` keeps one; `drill compare` gives the figures."


def document_verdict(m: Measurement, document: Document) -> Verdict:
    """What the manifest asks of one document: sections, and figures with a measurement behind them."""
    said = written(m, document.file, document.sections)
    if not document.figures or document.file not in m.documents:
        return said
    return all_of(said, figures_measured(m, document.file, document.measured, at_least=document.figures))


def _counts(figure: Figure, spans: Sequence[range]) -> bool:
    """Whether it counts against the document: not in code, with a unit, and in one of the sections."""
    if figure.quoted or figure.kind == BARE:
        return False
    return not spans or any(figure.line in span for span in spans)


def _said_of(figure: Figure) -> frozenset[str]:
    """What its line speaks of, without its numbers."""
    return frozenset(word for word in figure.words if not word.isdigit())


def _one(status: Status, what: str, threshold: str = "", look_next: str = "") -> Verdict:
    return Verdict(status, (Evidence(what, status, threshold=threshold, look_next=look_next),))
