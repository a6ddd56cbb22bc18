"""Packs: what is taken, and two hundred that are refused without a file written outside."""

import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drillyard.author.packs import add, examined, kept, remove
from drillyard.author.scaffolding import new_scenario
from drillyard.author.unpacking import MOST_BYTES, MOST_FILES, PackRefusedError
from drillyard.base.errors import UserError
from drillyard.scenario.scenario import find_scenario, find_scenarios

pytestmark = pytest.mark.timeout(20)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRILLYARD_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A folder with two scenarios."""
    folder = tmp_path / "good"
    folder.mkdir()
    new_scenario("one-more", folder)
    new_scenario("two-more", folder)
    return folder


def tarred(folder: Path, ending: str, *, within: str = ".") -> Path:
    archive = folder.parent / f"{folder.name}{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(archive, "w") as opened:
            for path in sorted(folder.rglob("*")):
                opened.write(path, Path(within) / path.relative_to(folder))
    else:
        with tarfile.open(archive, f"w:{ending.removeprefix('.tar').removeprefix('.')}") as opened:
            opened.add(folder, within)
    return archive


@pytest.mark.parametrize("ending", ["", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".zip"])
@pytest.mark.parametrize("within", [".", "team-pack"])
def test_a_pack_is_shown_added_found_and_removed(good: Path, ending: str, within: str) -> None:
    with examined(tarred(good, ending, within=within) if ending else good) as pack:
        assert [code.slug for code in pack.code] == ["one-more", "two-more"]
        assert "checks.py" in pack.code[0].files
        assert "solutions/add-index/run" in pack.code[0].files
        assert "brief.md" not in pack.code[0].files
        assert add(pack) == ["one-more", "two-more"]
    assert kept() == {"good": ["one-more", "two-more"]}
    found = find_scenario("two-more")
    assert os.access(found.directory / "solutions/add-index/run", os.X_OK)
    remove("good")
    assert kept() == {}
    assert "two-more" not in [scenario.slug for scenario in find_scenarios()]


def test_one_scenario_alone_is_a_pack(good: Path) -> None:
    with examined(good / "one-more") as pack:
        assert add(pack) == ["one-more"]


def test_names_that_are_taken_are_refused(good: Path) -> None:
    with examined(good) as pack:
        add(pack)
    with examined(good, "again") as pack, pytest.raises(UserError, match="one-more, two-more: there is"):
        add(pack)
    with pytest.raises(UserError, match="no pack called other"):
        remove("other")
    with pytest.raises(UserError, match=r"no pack called \.\./home"):
        remove("../home")


PATHS = [
    "/etc/evil", "../evil", "a/../../evil", "..", "a/..", "../" * 20 + "evil", "a\\..\\evil", "C:\\evil", "c:/evil",
    "\\\\host\\share", "a/\x00b", "a/\nb", "a/\x1b[31mred", "a/\u202eevil", "\xe9vil", "a" * 300, "/".join("a" * 20),
    "//evil", "./../evil", "a/./../../evil", "~/../evil", "\tevil",
]  # fmt: skip
"""Names that lead elsewhere, or are no plain names."""


def a_zip(tmp: Path, entries: list[tuple[str, bytes, int]]) -> Path:
    archive = tmp / "evil.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data, attributes in entries:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            info.external_attr = attributes << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            opened.writestr(info, data)
    return archive


def a_tar(tmp: Path, members: list[tuple[str, bytes, bytes]], mode: str = "w") -> Path:
    archive = tmp / "evil.tar"
    with tarfile.open(archive, mode) as opened:  # type: ignore[call-overload]  # the mode is a variable
        for name, data, kind in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = "/etc/passwd"
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            opened.addfile(info, io.BytesIO(data))
    return archive


def packs_with_bad_names() -> Iterator[tuple[str, Callable[[Path], Path]]]:
    for number, name in enumerate(PATHS):
        yield f"zip name {number}", lambda tmp, name=name: a_zip(tmp, [(name, b"x", 0o100644)])
        for mode in ("w", "w:gz", "w:bz2", "w:xz"):
            yield (
                f"tar {mode} name {number}",
                lambda tmp, name=name, mode=mode: a_tar(tmp, [(name.replace("\x00", "\x01"), b"x", tarfile.REGTYPE)], mode),
            )  # fmt: skip


def packs_with_bad_members() -> Iterator[tuple[str, Callable[[Path], Path]]]:
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
        for mode in ("w", "w:gz"):
            yield f"tar {mode} kind {kind!r}", lambda tmp, k=kind, m=mode: a_tar(tmp, [("a", b"", k)], m)
    for bits in (0o120777, 0o060644, 0o020644, 0o010644, 0o140644):
        yield f"zip mode {bits:o}", lambda tmp, bits=bits: a_zip(tmp, [("a", b"/etc/passwd", bits)])
    many = [(f"f{number}", b"", 0o100644) for number in range(MOST_FILES + 1)]
    yield "too many in a zip", lambda tmp: a_zip(tmp, many)
    yield "too many in a tar", lambda tmp: a_tar(tmp, [(n, b"", tarfile.REGTYPE) for n, _, _ in many])
    yield "a bomb in a zip", lambda tmp: a_zip(tmp, [("a", bytes(MOST_BYTES + 1), 0o100644)])
    yield "a bomb in a tar", lambda tmp: a_tar(tmp, [("a", bytes(MOST_BYTES + 1), tarfile.REGTYPE)], "w:gz")
    yield "twice in a zip", lambda tmp: a_zip(tmp, [("a", b"", 0), ("./a", b"", 0)])
    yield (
        "twice in a tar",
        lambda tmp: a_tar(tmp, [("a/b", b"", tarfile.REGTYPE), ("a//B", b"", tarfile.REGTYPE)]),
    )
    yield "a file that is a folder", lambda tmp: a_zip(tmp, [("a", b"", 0), ("a/b", b"", 0)])
    for number, junk in enumerate(
        (b"", b"junk", b"PK\x03\x04junk", b"\x1f\x8bjunk", b"BZh9junk", b"\xfd7zXZ\x00junk", bytes(2000))
    ):
        yield f"junk {number}", lambda tmp, junk=junk: written(tmp / "evil.tar.gz", junk)
    yield "half a zip", lambda tmp: halved(a_zip(tmp, [("a/scenario.yaml", b"x" * 5000, 0)]))
    yield (
        "half a tar",
        lambda tmp: halved(
            a_tar(tmp, [("a/scenario.yaml", bytes(range(256)) * 99, tarfile.REGTYPE)], "w:gz")
        ),
    )
    for number, length in enumerate((1, 511, 512, 513, 1024, 4096)):
        yield f"zeros {number}", lambda tmp, n=length: written(tmp / "evil.zip", bytes(n))
    yield "no scenario", lambda tmp: a_zip(tmp, [("a/readme", b"x", 0)])
    yield "nothing", lambda tmp: a_tar(tmp, [])


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def halved(path: Path) -> Path:
    return written(path, path.read_bytes()[: path.stat().st_size // 2])


MANIFESTS: list[bytes] = [
    b"", b"\x00", b"\xff\xfe\x00", b"[]", b"1", b"a: b", b"format_version: 2", b"format_version: '1'", b"format_version: 1",
    b"- " * 5000, b"[" * 5000, b"{a: " * 3000, b"a: &x 1\nb: *x", b"a: &a [x]\nb: [*a, *a]", b"a: 1\na: 2", b"!!python/object:os.system x",
    b"? [a]\n: b", b"a: !!binary x", b"\ta: b", b"a: 'x", b"a: |\n" + b"  x\n" * 100_000, b"x: " + b"y" * 300_000,
    b"\n".join(b"k%d: v" % number for number in range(30_000)), b"title: [1, 2]", b"tasks: 7", b"tasks: []", b"%YAML 9.9\n---\na: b",
    b"--- a\n--- b", b"<<: {a: b}", "\u202etitle: x".encode(), b"title: \x07", b"a: .inf", b"a: 2024-99-99", b"1: {2: {3: {4: 5}}}",
    b"&a [*a]",
]  # fmt: skip

FIELDS: list[tuple[str, str]] = [
    ("format_version: 1", "format_version: 99"), ("format_version: 1", "format_version: [1]"),
    ("duration: 30 min", "duration: 900 h"), ("duration: 30 min", "duration: soon"), ("duration: 30 min", "duration: -5"),
    ("duration: 30 min", "duration: 1e99"), ("tasks:", "task:"), ("id: repair", "id: ../up"), ("id: repair", "id: [a]"),
    ("page: 1-repair.md", "page: ../../../../etc/passwd"), ("page: 1-repair.md", "page: /etc/passwd"),
    ("page: 1-repair.md", "page: missing.md"), ("data_scale: 0.1", "data_scale: 1e9"), ("data_scale: 0.1", "data_scale: .nan"),
    ("data_scale: 0.1", "data_scale: -1"), ("minimum: 1", "minimum: many"), ("maximum: 1", "maximum: 0"),
    ("par: add-index", "par: ../../../x"), ("par: add-index", "par: other"), ("par: add-index", "par: {a: b}"),
    ("prerequisites:", "prerequisites: 7\nx:"), ("success_criteria:", "success_criteria: []\nx:"),
    ("checks: [reviews-by-index]", "checks: reviews"), ("checks: [reviews-by-index]", "surprise: 1"),
    ("resources:", "resources: [[[[[[[[[[[[[[]]]]]]]]]]]]]]\nx:"),
]  # fmt: skip

ARCHIVES = dict((*packs_with_bad_names(), *packs_with_bad_members()))


_NUL = f"zip name {PATHS.index('a/' + chr(0) + 'b')}"
NAMES = {what: make for what, make in packs_with_bad_names() if what != _NUL}
"""A zip's name ends at its NUL for Python's reader, and is a harmless one then."""


@pytest.mark.parametrize("make", NAMES.values(), ids=NAMES)
def test_a_name_that_leads_elsewhere_is_refused_for_that(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    archive = make(tmp_path)
    why = r"the path .* (leads out of it|is not plain ASCII|is too long)"
    with pytest.raises(PackRefusedError, match=why), examined(archive, "evil"):
        pass


def outside(tmp_path: Path) -> set[str]:
    return {str(path) for path in tmp_path.rglob("*")}


@pytest.mark.parametrize("make", ARCHIVES.values(), ids=ARCHIVES)
def test_a_hostile_archive_is_refused_and_nothing_is_written(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    archive = make(tmp_path)
    before = outside(tmp_path)
    with pytest.raises(UserError) as raised, examined(archive, "evil"):
        pass
    assert raised.value.where or raised.value.next_step
    assert len(str(raised.value)) < 500
    assert str(raised.value).isprintable()
    assert outside(tmp_path) == before
    assert not Path("/etc/evil").exists()


@pytest.mark.parametrize("manifest", MANIFESTS, ids=range(len(MANIFESTS)))
def test_a_hostile_manifest_is_refused(good: Path, manifest: bytes) -> None:
    (good / "one-more" / "scenario.yaml").write_bytes(manifest)
    with pytest.raises(UserError, match=r"scenario\.yaml"), examined(good):
        pass


@pytest.mark.parametrize(("old", "new"), FIELDS)
def test_a_manifest_with_a_wrong_field_is_refused(good: Path, old: str, new: str) -> None:
    path = good / "one-more" / "scenario.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(UserError, match=r"scenario\.yaml"), examined(good):
        pass


def test_there_are_two_hundred_of_them() -> None:
    assert len(ARCHIVES) + len(MANIFESTS) + len(FIELDS) >= 200


@pytest.mark.parametrize(
    "make", [lambda p: p.symlink_to("/etc/passwd"), os.mkfifo, lambda p: p.symlink_to("..")]
)
def test_a_folder_with_links_or_pipes_is_refused(good: Path, make: Callable[[Path], object]) -> None:
    make(good / "one-more" / "x")
    with pytest.raises(PackRefusedError, match="is a link or a device"), examined(good):
        pass
