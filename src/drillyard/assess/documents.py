"""Documents that a scenario asks for: are the sections there, do they say something, are their figures
measured?
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drillyard.assess.check import Evidence, Status, Verdict, all_of
from drillyard.assess.figures import Figure, backed, candidates, figures_in
from drillyard.assess.measurement import Measurement
from drillyard.scenario.manifest import Document, Manifest

MIN_WORDS = 12
"""Fewer words of one's own do not say anything."""
MAX_BYTES = 1_000_000

_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*#*\s*$")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Section:
    """One section: its heading, the line of it (from 1), and the text below it."""

    title: str
    line: int
    text: str

    @property
    def said(self) -> str:
        """What its author wrote: the text without the comments of the template."""
        return _COMMENT.sub(" ", self.text)

    @property
    def words(self) -> int:
        """How many words its author wrote."""
        return len(_WORD.findall(self.said))


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


def sections_of(text: str) -> list[Section]:
    """The sections of a Markdown text, in order; what stands before the first heading is left out."""
    lines = text.splitlines()
    starts = [(number, match) for number, line in enumerate(lines) if (match := _HEADING.match(line))]
    ends = [number for number, _ in starts[1:]] + [len(lines)]
    return [
        Section(match["title"], number + 1, "\n".join(lines[number + 1 : end]))
        for (number, match), end in zip(starts, ends, strict=True)
    ]


def section_of(sections: Iterable[Section], title: str) -> Section | None:
    """The section of that title, whatever the case and punctuation of its heading, or None."""
    return {_key(section.title): section for section in sections}.get(_key(title))


def written(m: Measurement, file: str, sections: Iterable[str], *, min_words: int = MIN_WORDS) -> Verdict:
    """The document has these sections, and each says something."""
    if file not in m.documents:
        missing = f"{file} is not in the workspace, or is not text"
        return _one(
            Status.FAIL, missing, f"a file with {len(list(sections))} sections", look_next="Write it."
        )
    there = sections_of(m.documents[file])
    verdicts = []
    for title in sections:
        section = section_of(there, title)
        if section is None:
            verdicts.append(_one(Status.FAIL, f"{file} has no section “{title}”", "a heading and a text"))
            continue
        enough = section.words >= min_words
        what = f"{file}:{section.line} “{title}”: {section.words} words"
        verdicts.append(_one(Status.PASS if enough else Status.FAIL, what, f"at least {min_words} words"))
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
    wanted = {_key(title) for title in sections}
    known = candidates((*m.earlier, m))
    good: set[tuple[str, frozenset[str]]] = set()
    bad: list[Figure] = []
    for section in sections_of(m.documents[file]):
        counts = not wanted or _key(section.title) in wanted
        for figure in figures_in(section.text):
            if backed(figure, known):
                good.add((figure.text, figure.words))
            elif counts and not figure.quoted:
                bad.append(replace(figure, line=figure.line + section.line))
    enough = len(good) >= at_least and len(good) > len(bad)
    what = f"{file}: {len(good)} different figures that were measured, {len(bad)} that were not"
    first = _one(Status.PASS if enough else Status.FAIL, what, f"at least {at_least}, and more than others")
    named = tuple(
        Evidence(
            f"{file}:{figure.line} “{figure.text}” has no measurement behind it",
            Status.PASS if enough else Status.FAIL,
            source="the drill's kept measurements",
            look_next="`drill measure` keeps one; `drill compare` gives the figures.",
        )
        for figure in bad[:10]
    )
    return Verdict(first.status, (*first.evidence, *named))


def documents_verdicts(m: Measurement, manifest: Manifest) -> Mapping[str, Verdict]:
    """What the manifest asks of documents, by file: sections, and figures with a measurement behind them."""
    return {document.file: _document(m, document) for document in manifest.documents}


def _document(m: Measurement, document: Document) -> Verdict:
    said = written(m, document.file, document.sections)
    if not document.figures or document.file not in m.documents:
        return said
    return all_of(said, figures_measured(m, document.file, document.measured, at_least=document.figures))


def _one(status: Status, what: str, threshold: str = "", look_next: str = "") -> Verdict:
    return Verdict(status, (Evidence(what, status, threshold=threshold, look_next=look_next),))


def _key(title: str) -> str:
    return " ".join(_WORD.findall(title.lower()))
