from pathlib import Path

import numpy as np

from drillyard.traffic.outcomes import FORGOTTEN, RECORD, OutcomesWriter, read


def test_what_was_flushed_is_read_in_the_order_of_planning(tmp_path: Path) -> None:
    writer = OutcomesWriter(tmp_path / "deep" / "outcomes")
    writer.add(1_700_000_002.5, 3000.0, 3)
    writer.add(1_700_000_001.25, 10.0, 0)
    writer.mark(1_700_000_002.75)
    writer.flush()
    writer.add(1_700_000_003.0, 20.0, 0)
    writer.close()
    found = read(tmp_path / "deep" / "outcomes")
    assert found.planned.tolist() == [1_700_000_001.25, 1_700_000_002.5, 1_700_000_003.0]
    assert found.good.tolist() == [True, False, True]
    assert found.until == 1_700_000_002.75


def test_a_customer_whose_order_is_lost_is_served(tmp_path: Path) -> None:
    writer = OutcomesWriter(tmp_path / "outcomes")
    for second, code in enumerate((0, FORGOTTEN, 1)):
        writer.add(float(second), 5.0, code)
    writer.close()
    assert read(tmp_path / "outcomes").good.tolist() == [True, True, False]


def test_requests_that_ended_later_are_read_also_when_they_were_planned_before(tmp_path: Path) -> None:
    writer = OutcomesWriter(tmp_path / "outcomes")
    writer.add(90.0, 50.0, 0)
    writer.add(95.0, 10_000.0, 3)
    writer.close()
    assert read(tmp_path / "outcomes", since=100.0).planned.tolist() == [95.0]


def test_a_record_that_a_crash_tore_is_cut_off_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "outcomes"
    path.write_bytes(np.array([(1.0, 2.0, 0)], RECORD).tobytes() + b"torn")
    assert read(path).planned.tolist() == [1.0]
    writer = OutcomesWriter(path)
    writer.add(2.0, 1.0, 1)
    writer.close()
    assert read(path).good.tolist() == [True, False]


def test_a_file_that_is_not_there_has_no_requests(tmp_path: Path) -> None:
    found = read(tmp_path / "outcomes")
    assert found.planned.size == 0
    assert found.until == 0.0
