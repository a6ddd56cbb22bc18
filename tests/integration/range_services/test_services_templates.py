import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from drillyard.base.clock import wall
from drillyard.base.errors import UserError
from drillyard.base.paths import is_root
from drillyard.range.credentials import ROLES, Credentials
from drillyard.range.privileges import make_directory, service_account
from drillyard.range.templates import Template, copy_template, digest_of, ensure_template, fresh_data
from drillyard.range.templates_build import DataSet, _server

SCALE = 0.02
DAY_S = 86_400
TODAY = 20_000 * DAY_S


@pytest.fixture(scope="module")
def template() -> Template:
    return ensure_template(fresh_data(SCALE))


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("range")
    directory.chmod(0o755)
    return make_directory(directory / "postgres", service_account(), mode=0o711)


def test_a_second_call_builds_nothing(template: Template) -> None:
    said: list[str] = []
    assert ensure_template(fresh_data(SCALE), progress=said.append).directory == template.directory
    assert said == []


def test_data_and_version_name_different_templates() -> None:
    made = {
        digest_of("18.1", DataSet(1.0, TODAY)),
        digest_of("18.1", DataSet(0.5, TODAY)),
        digest_of("18.1", DataSet(1.0, TODAY - DAY_S)),
        digest_of("18.2", DataSet(1.0, TODAY)),
    }
    assert len(made) == 4


def test_a_new_drill_gets_data_of_the_last_week_and_else_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: Template
) -> None:
    monkeypatch.setattr("drillyard.range.templates.cache", lambda: tmp_path)
    monkeypatch.setattr("drillyard.range.templates.parts.find", lambda _name: template.postgres)
    today = int(wall()) // DAY_S * DAY_S
    for days in (30, 8, 7, 3):
        old = DataSet(1.0, today - days * DAY_S)
        directory = tmp_path / "templates" / digest_of(template.postgres.version, old)
        directory.mkdir(parents=True)
        assert fresh_data(1.0) == DataSet(1.0, today - 7 * DAY_S if days == 3 else today)
        (directory / "template.json").write_text("{}")
    assert fresh_data(1.0) == old
    assert fresh_data(0.5) == DataSet(0.5, today)


def test_a_template_was_shut_down_cleanly_with_checksums_and_little_wal(template: Template) -> None:
    control = subprocess.run(
        [template.postgres.program("pg_controldata"), "-D", str(template.data)],
        env={**os.environ, **template.postgres.env, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Database cluster state:               shut down" in control
    assert "Data page checksum version:           1" in control
    wal = sum(file.stat().st_size for file in (template.data / "pg_wal").glob("0*"))
    assert wal <= 16 * 1024 * 1024


def test_a_copy_serves_the_shop_s_data_and_takes_this_range_s_passwords(
    template: Template, place: Path
) -> None:
    account = service_account()
    credentials = Credentials.generate()
    copy_template(template, place / "data", account, credentials)
    if is_root():
        assert {path.stat().st_uid for path in (place / "data").rglob("*")} == {account.uid}
    with (
        _server(template.postgres, place / "data", account) as socket,
        psycopg.connect(f"host={socket} user=postgres dbname=shop") as connection,
    ):
        orders = connection.execute("SELECT count(*) FROM orders").fetchone()
        assert orders is not None
        assert orders[0] > 1000
        verifiers = connection.execute(
            "SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY(%s)", [list(ROLES)]
        ).fetchall()
        assert len(verifiers) == 3
        assert all(verifier.startswith("SCRAM-SHA-256$") for _, verifier in verifiers)
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)


def test_two_copies_have_different_passwords(template: Template, place: Path) -> None:
    assert Credentials.generate() != Credentials.generate()


def test_a_copy_to_a_place_that_cannot_be_written_is_explained(template: Template, place: Path) -> None:
    with pytest.raises(UserError, match="cannot be copied"):
        copy_template(template, place / "missing" / "data", service_account(), Credentials.generate())


def test_two_builders_make_one_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: Template
) -> None:
    unused = tmp_path / "templates" / "0123456789abcdef"
    unused.mkdir(parents=True)
    (unused / "template.json").write_text("{}")
    os.utime(unused / "template.json", (0, 0))
    for opened in (tmp_path, tmp_path / "templates"):
        opened.chmod(0o755)
    monkeypatch.setattr("drillyard.range.templates.cache", lambda: tmp_path)
    monkeypatch.setattr("drillyard.range.templates.parts.find", lambda _name: template.postgres)
    said: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: ensure_template(DataSet(0.01, TODAY), progress=said.append), range(2)))
    assert made[0].directory == made[1].directory
    assert said.count("making an empty database") == 1
    assert [path.name for path in (tmp_path / "templates").iterdir() if path.name.startswith(".new")] == []
    assert made[0].data.is_dir()
    assert not unused.exists(), "a template that nobody used for weeks makes room"
