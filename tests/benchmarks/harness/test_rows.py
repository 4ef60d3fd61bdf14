import dataclasses
import gzip
import json

import pytest

from benchmarks.harness.results import find, load
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import RowsError, refuse_mixing
from tests.benchmarks.made_up_rows import HEADER, make_rows


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out" / "rows.jsonl"


def write(path, *studies, header=HEADER):
    with RowFile(path, header) as file:
        for rows in studies:
            file.append(rows)


def test_rows_come_back_as_they_were_written(path):
    write(path, make_rows(), make_rows(seed=1))
    results = load(path)
    assert results.header == HEADER
    assert list(results.rows) == make_rows() + make_rows(seed=1)
    assert results.finished() == {("rs", 0, 1), ("rs", 1, 1)}
    assert not results.dropped


def test_first_line_is_the_header_and_every_other_a_trial(path):
    write(path, make_rows())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["schema"] == 1
    assert lines[0]["budget_kwh"] == 0.5
    needed = {"method", "seed", "trial", "kwh", "val_accuracy", "incumbent_test_accuracy"}
    assert all(needed <= line.keys() for line in lines[1:])


def test_gzipped_rows_are_read(path):
    write(path, make_rows())
    packed = path.with_name("rows.jsonl.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert load(packed).rows == load(path).rows
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(RowsError, match="whole gzip file"):
        load(packed)


@pytest.mark.parametrize("kept_bytes", [1, 40, -1])
def test_half_written_row_is_dropped_and_its_study_written_again(path, kept_bytes):
    write(path, make_rows(), make_rows(seed=1))
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]) + lines[5][:-1][:kept_bytes])
    torn = load(path)
    assert torn.dropped
    assert torn.finished() == {("rs", 0, 1)}
    assert len(torn.rows) == 4  # the whole first study, one row of the second
    with RowFile(path, HEADER) as file:
        assert file.results.dropped == torn.dropped
        file.append(make_rows(seed=1))
    assert path.read_bytes() == whole


def test_row_that_lacks_only_its_line_break_is_kept(path):
    write(path, make_rows())
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert not load(path).dropped
    write(path, make_rows(seed=1))
    assert list(load(path).rows) == make_rows() + make_rows(seed=1)


def test_rows_of_an_unfinished_study_that_come_out_otherwise_are_not_overwritten(path):
    write(path, make_rows())
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    before = path.read_bytes()
    changed = [dataclasses.replace(row, val_metric=0.1) for row in make_rows()]
    with RowFile(path, HEADER) as file, pytest.raises(RowsError, match="reproduced"):
        file.append(changed)
    assert path.read_bytes() == before


def test_damaged_line_in_the_middle_is_named(path):
    write(path, make_rows())
    lines = path.read_text().splitlines()
    lines[2] = lines[2][:30]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(RowsError, match="line 3"):
        load(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task", "cifar10"),
        ("budget_kwh", 1.0),
        ("versions", {"numpy": "3"}),
        ("provenance", {"kind": "measured"}),
    ],
)
def test_rows_of_another_comparison_are_refused(path, field, value):
    write(path, make_rows())
    before = path.read_bytes()
    with pytest.raises(RowsError, match=field):
        RowFile(path, dataclasses.replace(HEADER, **{field: value}))
    assert path.read_bytes() == before


def test_the_last_digits_of_what_was_found_in_a_benchmark_are_no_other_comparison(path):
    box = {"kind": "simulated", "front": {"least_accuracy": 0.7720888161312438}}
    header = dataclasses.replace(HEADER, reference_test_metric=0.8677883920834405, provenance=box)
    write(path, make_rows(), header=header)
    near = {"kind": "simulated", "front": {"least_accuracy": 0.7720888161312401}}
    again = dataclasses.replace(HEADER, reference_test_metric=0.8677883920834382, provenance=near)
    with RowFile(path, again) as file:
        file.append(make_rows(seed=1))
    assert load(path).header == header
    for other in ({"reference_test_metric": 0.8677884}, {"budget_kwh": 0.50000001}):
        with pytest.raises(RowsError, match="of all rows must be the same"):
            RowFile(path, dataclasses.replace(again, **other))


def test_of_a_long_provenance_only_what_differs_is_told(path):
    known = {"kind": "simulated", "machine": [{"cpu": "x", "numbers": list(range(999))}]}
    write(path, make_rows(), header=dataclasses.replace(HEADER, provenance=known))
    other = {**known, "machine": [{**known["machine"][0], "cpu": "y" * 999}]}
    with pytest.raises(RowsError) as error:
        RowFile(path, dataclasses.replace(HEADER, provenance=other))
    assert "provenance['machine'][0]['cpu'] of all rows must be the same" in str(error.value)
    assert "has 'x' and this comparison 'yyyy" in str(error.value)
    assert len(str(error.value)) < len(str(path)) + 300


def test_another_schema_is_refused(path):
    path.parent.mkdir()
    path.write_text(json.dumps(dataclasses.asdict(HEADER) | {"schema": 99}) + "\n")
    with pytest.raises(RowsError, match="schema 1"):
        load(path)


def test_another_version_of_the_host_is_refused(path):
    write(path, make_rows())
    with RowFile(path, HEADER) as file:
        file.refuse_other_host("rs", "optuna 5")
        file.refuse_other_host("tpe", "optuna 6")
        with pytest.raises(RowsError, match="optuna 6"):
            file.refuse_other_host("rs", "optuna 6")


def test_two_writers_are_refused(path):
    with RowFile(path, HEADER), pytest.raises(RowsError, match="another comparison"):
        RowFile(path, HEADER)
    write(path, make_rows())


def test_only_the_named_fields_need_to_agree(tmp_path):
    other = dataclasses.replace(HEADER, task="cifar10")
    refuse_mixing(other, HEADER, tmp_path, same=("versions",))
    with pytest.raises(RowsError, match="task"):
        refuse_mixing(other, HEADER, tmp_path)


def test_missing_rows_name_the_command(tmp_path):
    with pytest.raises(RowsError, match="benchmarks compare"):
        find(tmp_path)
