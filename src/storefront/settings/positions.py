"""On which line of a TOML text a key stands.

A small scan beside the real parser: it only has to follow tables, keys and multi-line values of a text that
`tomllib` has accepted.
"""

import re
import tomllib

_TABLE = re.compile(r"^\s*\[{1,2}\s*(?P<name>[^\[\]]+?)\s*\]{1,2}\s*(#.*)?$")
_KEY = re.compile(
    r"""^\s*(?P<key>(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*="""
)
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")

Path = tuple[str, ...]


def _parts(dotted: str) -> Path:
    return tuple(next(part for part in match if part) for match in _PART.findall(dotted))


def _complete(value: str) -> bool:
    """Whether the text after an equals sign is a whole value."""
    try:
        tomllib.loads(f"x = {value}")
    except tomllib.TOMLDecodeError:
        return False
    return True


def lines_of_keys(text: str) -> dict[Path, int]:
    """The line (from 1) of every table and key; keys inside inline tables are not listed."""
    found: dict[Path, int] = {}
    table: Path = ()
    pending = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if pending:
            pending += "\n" + line
            if _complete(pending):
                pending = ""
        elif match := _TABLE.match(line):
            table = _parts(match["name"])
            found.setdefault(table, number)
        elif match := _KEY.match(line):
            found.setdefault(table + _parts(match["key"]), number)
            value = line[match.end() :]
            pending = "" if _complete(value) else value
    return found


def line_of(found: dict[Path, int], path: Path) -> int:
    """The line of `path`, or of the nearest table around it; 0 when there is none."""
    for length in range(len(path), 0, -1):
        if line := found.get(path[:length]):
            return line
    return 0
