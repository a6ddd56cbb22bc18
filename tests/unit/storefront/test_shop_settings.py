from pathlib import Path

import pytest
from pydantic import BaseModel

from storefront.settings import Settings, SettingsError, SettingsProblem, changed, load, needs_restart, parse
from storefront.settings.cache import KINDS, key_fields
from storefront.settings.document import example
from storefront.settings.positions import line_of, lines_of_keys

SHIPPED = Path(__file__).parents[3] / "src" / "storefront" / "default.toml"


def problems(text: str) -> list[SettingsProblem]:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    return caught.value.problems


def problem(text: str) -> SettingsProblem:
    (only,) = problems(text)
    return only


def test_the_shipped_example_names_every_setting_with_its_default() -> None:
    assert SHIPPED.read_text() == example()
    assert load(SHIPPED) == Settings()


def test_every_setting_and_section_has_its_paragraph() -> None:
    def check(section: type[BaseModel], name: str) -> None:
        assert section.__doc__, name
        for key, field in section.model_fields.items():
            assert field.description, f"{name}.{key}"
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                check(field.annotation, f"{name}.{key}")

    check(Settings, "settings")


def test_an_empty_file_gives_the_defaults() -> None:
    assert parse("") == Settings()


@pytest.mark.parametrize(
    ("text", "line", "said", "expected"),
    [
        ("[web]\nper_page = 0\n", 2, "web.per_page is 0", "at least 1"),
        ("[web]\n\n# page\nper_page = 501\n", 4, "web.per_page is 501", "at most 500"),
        ('[web]\nper_page = "20x"\n', 2, "web.per_page is '20x'", "whole number"),
        ("[web]\nper_pages = 20\n", 2, "[web] has no setting 'per_pages'", "'per_page', perhaps"),
        ("[wib]\nper_page = 20\n", 1, "the settings has no setting 'wib'", "'web', perhaps"),
        ("web.per_page = 0\n", 1, "web.per_page is 0", "at least 1"),
        ("[cache]\nproduct.ttl_s = 0\n", 2, "cache.product.ttl_s is 0", "greater than 0"),
        ("[cache]\nproduct = { ttl_s = 0 }\n", 2, "cache.product.ttl_s is 0", "greater than 0"),
        (
            '[cache.product]\nprotection = "hope"\n',
            2,
            "cache.product.protection is 'hope'",
            "early-recompute",
        ),
        ('[database]\ndsn = "not a dsn"\n', 2, "database.dsn", ""),
        ("[database]\npool_min = 9\npool_max = 3\n", 2, "pool_min (9) is larger than pool_max (3)", ""),
        ('[security]\njwt_secret = "short"\n', 2, "security.jwt_secret", "at least 32 characters"),
        ('[security]\nsign_in_limit = "often"\n', 2, "'often' is not a limit such as 10/minute", ""),
        ('[cache]\nurl = "http://x"\n', 2, "cache.url", "(redis|valkey|rediss)"),
    ],
)
def test_a_wrong_setting_is_told_with_its_line(text: str, line: int, said: str, expected: str) -> None:
    found = problem(text)
    assert found.line == line
    assert said in found.message
    assert expected in found.expected
    assert str(found).startswith(f"storefront.toml:{line}: ")


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    found = problems("[web]\nper_page = 0\nbacklog = 1\n[cache]\nttl = 3\n")
    assert [each.line for each in found] == [2, 3, 5]


@pytest.mark.parametrize(
    ("text", "line"),
    [("[web]\nper_page = \n", 2), ("[web\n", 1), ('a = 1\nb = "x\n', 2), ("a = 1\na = 2\n", 2)],
)
def test_text_that_is_no_toml_is_told_with_its_line(text: str, line: int) -> None:
    found = problem(text)
    assert found.line == line
    assert "not readable as TOML" in found.message


def test_a_file_that_cannot_be_read_is_a_problem_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "missing.toml")
    assert "cannot be read" in caught.value.problems[0].message
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError):
        load(tmp_path / "binary.toml")


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "storefront.toml"
    file.write_text('[database]\nsql_directory = "sql"\n[security]\npolicy_file = "/etc/policy.csv"\n')
    settings = load(file)
    assert settings.database.sql_directory == tmp_path / "sql"
    assert settings.security.policy_file == Path("/etc/policy.csv")


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOREFRONT_WEB__PER_PAGE", "7")
    settings = parse("[web]\nper_page = 9\nbacklog = 77\n")
    assert (settings.web.per_page, settings.web.backlog) == (7, 77)


def test_lines_are_found_past_values_that_span_several() -> None:
    text = '[a]\nx = [\n  1,\n  2, # y = 3\n]\ns = """\nz = 1\n[b]\n"""\ny = 3\n[[c.d]]\n"odd key" = 1\n'
    found = lines_of_keys(text)
    assert found[("a", "x")] == 2
    assert found[("a", "y")] == 10
    assert ("b",) not in found
    assert found[("c", "d", "odd key")] == 12
    assert line_of(found, ("a", "x", "0")) == 2
    assert line_of(found, ("nothing",)) == 0


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("product", "{id} is missing"),
        ("product:{name}", "{id} is missing"),
        ("product:{id}:{colour}", "{colour} is not known here"),
        ("product:{id!r}", "only plain fields"),
        ("product:{id:>5}", "only plain fields"),
        ("product:{id.x}", "only plain fields"),
        ("product:{id", "key"),
    ],
)
def test_a_key_that_mixes_entries_up_is_refused(key: str, said: str) -> None:
    found = problem(f'[cache.product]\nttl_s = 1\nkey = "{key}"\n')
    assert said in found.message or key == "product:{id"
    assert found.line in (1, 3)


def test_a_key_may_be_finer_than_needed() -> None:
    settings = parse('[cache.product]\nkey = "product:{id}:{session}:{request_id}"\n')
    assert key_fields(settings.cache.product.key) == {"id", "session", "request_id"}


def test_every_kind_has_settings_of_its_own() -> None:
    settings = Settings()
    assert set(KINDS) == {
        "home", "categories", "listing", "product", "reviews", "search", "recommendations", "session",
    }  # fmt: skip
    keys = [settings.cache.kind(name).key for name in KINDS]
    assert len(set(keys)) == len(KINDS)
    with pytest.raises(KeyError):
        settings.cache.kind("url")


def test_what_needs_a_restart_is_told_from_what_does_not() -> None:
    old = parse("")
    new = parse("[database]\npool_max = 20\npool_timeout_s = 1.0\n[cache.product]\nttl_s = 60\n")
    assert changed(old, new) == ["database.pool_max", "database.pool_timeout_s", "cache.product.ttl_s"]
    assert needs_restart(old, new) == ["database.pool_max"]
    assert needs_restart(old, old) == []


def test_a_shop_built_worse_is_told_which_of_it_waits_for_a_restart() -> None:
    worse = parse(
        '[cache]\nrequired = true\n[workers.reports]\nacknowledge = "before"\n'
        '[partner]\ncharge_key = "attempt"\nasked_at_checkout = true\nneeded_at_start = true\n'
    )
    assert len(changed(parse(""), worse)) == 5
    assert needs_restart(parse(""), worse) == ["workers.reports.acknowledge", "partner.needed_at_start"]
