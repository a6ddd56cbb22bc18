from pathlib import Path

import pytest

from drillyard.range.addresses import LINKS, STANDARD_PORTS, Addresses, link_name
from drillyard.range.component import Site
from drillyard.range.privileges import service_account
from drillyard.range.spec import RangeSpec
from drillyard.range.wiring import around_the_network, client_of, links_of, seen_from, wired

ADDRESSES = Addresses("127.9.8.7", STANDARD_PORTS)
SETTINGS = """\
[database]
dsn = "postgresql://shop_app:secret@127.9.8.7:5432/shop"
[cache]
url = "redis://127.9.8.7:6379/0"
[partner]
url = "http://127.9.8.7:8200"
[mail]
host = "127.9.8.7"
port = 1025
http_port = 8025
"""


def link(client: str, server: str) -> str:
    return str(ADDRESSES.endpoint(link_name(client, server)))


def test_every_link_has_a_port_of_its_own() -> None:
    names = [link_name(client, server) for client, servers in LINKS.items() for server in servers]
    assert len(set(names)) == len(names)
    assert len(set(STANDARD_PORTS.values())) == len(STANDARD_PORTS)
    assert max(STANDARD_PORTS.values()) + 10_000 < 65_536


def test_a_component_finds_its_own_links_where_the_servers_were_named() -> None:
    text = wired(SETTINGS, "storefront-2", ADDRESSES)
    assert f"secret@{link('storefront-2', 'postgres')}/shop" in text
    assert f"redis://{link('storefront-2', 'valkey')}/0" in text
    assert f"http://{link('storefront-2', 'partner')}" in text
    assert "port = 1025" in text  # a replica sends no mail
    assert len(text.splitlines()) == len(SETTINGS.splitlines())


def test_the_mail_server_is_given_by_host_and_port() -> None:
    port = ADDRESSES.endpoint(link_name("worker-notifications", "mailsink")).port
    text = wired(SETTINGS, "worker-notifications-3", ADDRESSES)
    assert f"\nport = {port}\nhttp_port = 8025\n" in text


def test_processes_of_one_worker_type_share_their_links_and_replicas_do_not() -> None:
    assert client_of("worker-payments-2") == client_of("worker-payments") == "worker-payments"
    assert client_of("storefront-2") == "storefront-2"
    assert client_of("haproxy") == "haproxy"


def test_the_load_balancer_reaches_each_replica_over_its_link() -> None:
    lines = "server storefront-1 127.9.8.7:8001\nserver storefront-10 127.9.8.7:8010\nbind 127.9.8.7:8080\n"
    text = wired(lines, "haproxy", ADDRESSES)
    assert f"storefront-1 {link('haproxy', 'storefront-1')}\n" in text
    assert f"storefront-10 {link('haproxy', 'storefront-10')}\n" in text
    assert "bind 127.9.8.7:8080" in text


@pytest.mark.parametrize("component", ["postgres", "prometheus", "exporter", "partner", "mailsink"])
def test_who_is_no_client_gets_the_files_as_they_are(component: str) -> None:
    assert wired(SETTINGS, component, ADDRESSES) == SETTINGS


def test_another_host_or_a_longer_port_is_left_alone() -> None:
    text = 'a = "227.9.8.7:5432"\nb = "127.9.8.7:54321"\nc = "1127.9.8.7:5432"\n'
    assert wired(text, "storefront-1", ADDRESSES) == text


def test_only_the_links_of_what_is_there_are_used() -> None:
    spec = RangeSpec(storefront_replicas=1, worker_processes={"payments": 2, "reports": 0})
    assert set(links_of(spec)) == {
        ("haproxy", "storefront-1"),
        ("storefront-1", "postgres"),
        ("storefront-1", "valkey"),
        ("storefront-1", "partner"),
        ("worker-payments", "postgres"),
        ("worker-payments", "valkey"),
        ("worker-payments", "partner"),
        ("worker-payments", "mailsink"),
    }


def test_a_site_without_a_network_wires_nothing(tmp_path: Path) -> None:
    plain = Site(tmp_path / "storefront-1", ADDRESSES, service_account())
    assert plain.released(SETTINGS) == SETTINGS
    assert plain.reach("haproxy") == ADDRESSES.endpoint("storefront-1")
    through = Site(tmp_path / "storefront-1", ADDRESSES, service_account(), network=True)
    assert through.released(SETTINGS) != SETTINGS
    assert through.reach("haproxy") == seen_from("haproxy", "storefront-1", ADDRESSES)
    assert through.reach("prometheus") == ADDRESSES.endpoint("storefront-1")


def test_settings_that_name_the_servers_lead_through_the_network() -> None:
    assert around_the_network(SETTINGS, ADDRESSES) == []
    same = SETTINGS.replace('"redis://127.9.8.7:6379/0"', "'redis://127.9.8.7:6379/1'")
    assert around_the_network(same, ADDRESSES) == []


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("127.9.8.7:6379/0", "127.9.8.7\\u003a6379/0", "cache.url"),
        ("127.9.8.7:8200", "127.9.8.7\\u003a8200", "partner.url"),
        ("port = 1025", "port = 1_025", "mail.port"),
        ("@127.9.8.7:5432/shop", "@127.9.8.7/shop", "database.dsn"),
        ("127.9.8.7:5432/shop", "127.9.8.7:5432/shop?hostaddr=127.9.8.7&port=5432", "database.dsn"),
        ("127.9.8.7:5432/shop", "127.9.8.7:5432/shop?hostaddr=127.0.0.1", "database.dsn"),
        ("[partner]", '[workers]\nbroker_url = "redis://localhost:6379/0"\n[partner]', "workers.broker_url"),
    ],
)
def test_another_way_around_the_network_is_told(old: str, new: str, key: str) -> None:
    (problem,) = around_the_network(f"# 127.9.8.7:6379\n{SETTINGS.replace(old, new)}", ADDRESSES)
    assert problem.message.startswith(f"{key} does not name")
    assert problem.line > 1


def test_what_the_shop_cannot_read_is_said_by_its_own_tool() -> None:
    assert around_the_network("[cache]\nurl = 5\n", ADDRESSES) == []


def test_jobs_that_are_routed_elsewhere_meet_the_same_network() -> None:
    text = wired(SETTINGS, "worker-inventory", ADDRESSES)
    assert link("worker-inventory", "partner") in text
    assert f"port = {ADDRESSES.endpoint(link_name('worker-inventory', 'mailsink')).port}" in text
