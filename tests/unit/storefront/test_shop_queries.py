import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from storefront.queries import Queries, QueryError, load, parse, shipped
from storefront.settings import SettingsProblem

SOURCE = Path(__file__).parents[3] / "src" / "storefront"


@pytest.fixture(scope="module")
def base() -> Queries:
    return shipped()


def refused(tmp_path: Path, text: str) -> list[SettingsProblem]:
    (tmp_path / "mine.sql").write_text(text)
    with pytest.raises(QueryError) as caught:
        load(tmp_path)
    return caught.value.problems


def test_every_name_is_given_once() -> None:
    names = [
        query.name
        for file in files("storefront.sql").iterdir()
        if file.name.endswith(".sql")
        for query in parse(file.read_text(), file.name)
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_shipped_query_is_used(base: Queries) -> None:
    code = "\n".join(path.read_text() for path in SOURCE.rglob("*.py"))
    built = {
        name
        for name in base
        if re.match(r"(category_)?products_by_|report_(sales|inventory|customers)$", name)
    }
    assert [name for name in base if f'"{name}"' not in code and name not in built] == []


def test_a_query_names_itself_inside_the_statement(base: Queries) -> None:
    for query in base.values():
        assert re.match(rf"\w+ /\* {query.name} \*/", query.text), query.name


def test_parameters_are_psycopgs_and_percent_signs_are_literal() -> None:
    (query,) = parse(
        "-- name: x(word)\nSELECT ':no', a::text FROM t WHERE a LIKE '%b' AND c = :word;\n", "x.sql"
    )
    assert query.text == "SELECT /* x */ ':no', a::text FROM t WHERE a LIKE '%%b' AND c = %(word)s"
    assert query.parameters == {"word"}


def test_a_file_of_the_operator_replaces_its_namesakes_only(tmp_path: Path, base: Queries) -> None:
    (tmp_path / "mine.sql").write_text("\n-- about\n-- name: categories()\nSELECT 1;\n")
    found = load(tmp_path)
    assert found["categories"].text == "SELECT /* categories */ 1"
    assert (found["categories"].file, found["categories"].line) == (str(tmp_path / "mine.sql"), 3)
    assert found["bestsellers"] == base["bestsellers"]
    assert set(found) == set(base)


def test_fewer_parameters_are_allowed(tmp_path: Path) -> None:
    (tmp_path / "mine.sql").write_text("-- name: bestsellers(items)\nSELECT 1 LIMIT :items;\n")
    assert load(tmp_path)["bestsellers"].parameters == {"items"}


@pytest.mark.parametrize(
    ("text", "line", "said", "expected"),
    [
        ("-- name: categorys()\nSELECT 1;\n", 1, "no query 'categorys'", "'categories', perhaps"),
        ("\n-- name: categories(x)\nSELECT :x;\n", 2, "categories is not given :x", "none"),
        ("-- name: bestsellers(top)\nSELECT :top;\n", 1, "is not given :top", ":items, :orders"),
        ("-- name: product_by_id(product)\nSELECT :product;\n", 1, "wrong sign", "^ (one row)"),
        ("-- name: categories()^\nSELECT 1;\n", 1, "wrong sign", "no sign (rows)"),
        ("-- name: categories\nSELECT 1;\n", 1, "missing mandatory parameter list", ""),
        ("-- name: categories()\n", 1, "empty", ""),
        ("-- name: bestsellers(items)\nSELECT :orders;\n", 1, "undeclared parameter", ""),
    ],
)
def test_a_wrong_query_is_told_with_file_and_line(
    tmp_path: Path, text: str, line: int, said: str, expected: str
) -> None:
    found = refused(tmp_path, text)
    assert len(found) == 1
    assert found[0].file == str(tmp_path / "mine.sql")
    assert found[0].line == line
    assert said in found[0].message
    assert expected in found[0].expected


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- name: nothing()\nSELECT 1;\n")
    assert len(refused(tmp_path, "-- name: more()\nSELECT 1;\n-- name: bad\nSELECT 1;\n")) == 2


def test_a_directory_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="no such directory"):
        load(tmp_path / "missing")
