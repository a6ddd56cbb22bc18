import os
import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

from drillyard.range.exporter.census import children
from drillyard.range.exporter.exposition import Family, render
from drillyard.range.exporter.processes import ProcessFigures, Stat


def test_the_usual_parser_reads_what_is_rendered() -> None:
    family = Family("pg_stat_database_xact_commit", "counter", 'Says "commit"\nand \\ more')
    family.add(12.5, datname='odd "name"\n', datid="1\\2")
    empty = Family("pg_nothing", "gauge", "Nothing")
    (read,) = text_string_to_metric_families(render([family, empty]).decode())
    (sample,) = read.samples
    assert sample.value == 12.5
    assert sample.labels == {"datname": 'odd "name"\n', "datid": "1\\2"}


def test_a_process_name_may_hold_anything() -> None:
    line = (
        "42 (a ) b (c) R 7 42 42 0 -1 4194304 100 0 3 0 250 50 0 0 20 0 4 0 1000 4096 2 18446744073709551615"
    )
    stat = Stat.parse(line)
    assert (stat.pid, stat.parent, stat.state, stat.threads) == (42, 7, "R", 4)
    assert stat.user_s == 250 / os.sysconf("SC_CLK_TCK")
    assert stat.resident_bytes == 2 * os.sysconf("SC_PAGE_SIZE")


def test_a_group_is_a_process_with_all_below_it_and_its_counters_never_go_back() -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as process:
        while not children(process.pid):
            assert process.poll() is None
        figures = ProcessFigures(lambda: [("mine", process.pid)])
        first = {family.name: family for family in figures.collect()}
        assert first["namedprocess_namegroup_num_procs"].samples == [({"groupname": "mine"}, 2)]
        process.communicate(b"\n")
    last = {family.name: family for family in figures.collect()}
    assert last["namedprocess_namegroup_num_procs"].samples == [({"groupname": "mine"}, 0)]
    for before, after in zip(
        first["namedprocess_namegroup_cpu_seconds_total"].samples,
        last["namedprocess_namegroup_cpu_seconds_total"].samples,
        strict=True,
    ):
        assert after[1] >= before[1]
