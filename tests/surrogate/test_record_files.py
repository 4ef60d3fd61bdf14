import json

import pytest

from surrogate.record_files import read_records, write_records
from surrogate.records import Record
from tests.eahas_plugins.files.limits import full_after
from tests.surrogate.test_records import LINE


@pytest.mark.parametrize("name", ["runs.jsonl", "runs.jsonl.gz"])
def test_file_round_trip_is_deterministic(tmp_path, name):
    records = [Record.from_json({**LINE, "run": run}) for run in range(3)]
    write_records(tmp_path / name, records)
    first = (tmp_path / name).read_bytes()
    again = read_records(tmp_path / name)
    assert [record.to_json() for record in again.records] == [r.to_json() for r in records]
    assert not again.damaged
    write_records(tmp_path / name, again.records)
    assert (tmp_path / name).read_bytes() == first


def test_half_written_line_costs_no_other_record(tmp_path):
    path, whole = tmp_path / "runs.jsonl", json.dumps(LINE)
    path.write_text(f"{whole}\n{whole[:100]}")  # killed here
    torn = read_records(path)
    assert len(torn.records) == 1
    assert "runs.jsonl, line 2, must be JSON" in torn.damaged[0]

    path.write_text(f"{whole}\n{whole[:100]}\n{json.dumps({**LINE, 'run': 9})}\n")
    resumed = read_records(path)
    assert [record.run for record in resumed.records] == [8, 9]
    assert len(resumed.damaged) == 1


def test_whole_line_outside_the_schema_is_an_error_with_its_place(tmp_path):
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps(LINE) + "\n" + json.dumps({**LINE, "seed": "x"}) + "\n")
    with pytest.raises(ValueError, match=r"runs\.jsonl, line 2: seed must be an integer"):
        read_records(path)


def test_truncated_gzip_is_an_error(tmp_path):
    path = tmp_path / "runs.jsonl.gz"
    write_records(path, [Record.from_json(LINE)])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="must be a whole gzip file"):
        read_records(path)


def test_records_that_do_not_fit_on_the_disk_leave_the_file_as_it_was(tmp_path):
    path = tmp_path / "runs.jsonl"
    write_records(path, [Record.from_json(LINE)])
    before = path.read_bytes()
    with full_after(50), pytest.raises(OSError, match="large"):
        write_records(path, [Record.from_json(LINE)] * 3)
    assert path.read_bytes() == before


@pytest.mark.parametrize("line", ["[1]", '{"schema": 1, "config": {"a": NaN}}', "[" * 5000])
def test_a_whole_line_that_is_refused_is_an_error_with_its_place(tmp_path, line):
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps(LINE) + "\n" + line + "\n")
    with pytest.raises(ValueError, match=r"runs\.jsonl, line 2,? must"):
        read_records(path)
