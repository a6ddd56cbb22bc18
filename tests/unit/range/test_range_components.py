from pathlib import Path

import pytest

from drillyard.range.addresses import Addresses
from drillyard.range.component import Site
from drillyard.range.components import haproxy, postgres
from drillyard.range.components.valkey import directives
from drillyard.range.privileges import service_account
from drillyard.range.spec import RangeSpec


def test_of_a_repeated_valkey_directive_the_last_counts_but_save_gathers() -> None:
    text = '# comment\nmaxmemory 1mb\nMAXMEMORY 2mb\nsave 10 1\nsave 5 2\nrequirepass "a b"\n\n'
    assert directives(text) == {"maxmemory": "2mb", "save": "10 1 5 2", "requirepass": "a b"}


@pytest.mark.parametrize(
    ("said", "line", "message"),
    [
        (
            "[ALERT]    (7) : config : parsing [/x/c.cfg:12] : unknown keyword 'foo'.",
            12,
            "unknown keyword 'foo'",
        ),
        ("[ALERT]    (7) : config : [/x/c.cfg:3] : no such backend.", 3, "no such backend"),
        ("something else went wrong", 0, "something else went wrong"),
    ],
)
def test_complaints_of_haproxy_keep_their_line(said: str, line: int, message: str) -> None:
    problems = haproxy._problems(said)
    assert [(problem.line, problem.message) for problem in problems] == [(line, message)]


def test_complaints_of_postgres_without_a_line_get_that_of_the_setting() -> None:
    said = 'LOG:  invalid value for parameter "work_mem": "x"\nHINT:  Valid units are "kB".\n'
    (problem,) = postgres._problems(said, "a = 1\nwork_mem = 4MB\n WORK_MEM=x\n")
    assert problem.line == 3
    assert "kB" in problem.next_step


def test_a_socket_moves_to_a_short_place_when_its_path_is_too_long(tmp_path: Path) -> None:
    addresses, account = Addresses("127.0.0.1", {}), service_account()
    near = Site(Path("/a"), addresses, account)
    far = Site(Path("/a" * 60), addresses, account)
    assert near.socket("s") == Path("/a/run/s")
    assert len(bytes(far.socket("s"))) < 100
    assert far.socket("s") != Site(Path("/b" * 60), addresses, account).socket("s")


def test_a_spec_names_its_processes() -> None:
    spec = RangeSpec(storefront_replicas=2, worker_processes={"payments": 2, "reports": 0})
    assert spec.storefront_names == ("storefront-1", "storefront-2")
    assert spec.worker_names("payments") == ("worker-payments", "worker-payments-2")
    assert spec.worker_names("reports") == ()
