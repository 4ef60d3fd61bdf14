"""Rows files that are damaged, hostile or huge: a RowsError that names the file, nothing else."""

import dataclasses
import gzip
import json
import random
import tracemalloc

import pytest

from benchmarks.harness.results import find, load
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import RowsError, line_of
from tests.benchmarks.made_up_rows import HEADER, make_rows

LINES = [line_of(HEADER), *(line_of(row) for row in make_rows())]


def refused(path):
    with pytest.raises(RowsError) as error:
        load(path)
    assert str(path) in str(error.value)
    return str(error.value)


def with_row(path, text):
    path.write_text("".join([*LINES[:2], text + "\n", *LINES[2:]]))
    return path


@pytest.mark.parametrize(
    "text",
    ["[" * 5000, "null", "3", '"text"', "{}", '{"method": "rs"}', "{" + '"a":{' * 5000, "\x00", ""],
)
def test_a_line_that_is_no_row_is_named(tmp_path, text):
    assert "line 3" in refused(with_row(tmp_path / "rows.jsonl", text))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kwh", "NaN"),
        ("kwh", "Infinity"),
        ("kwh", "1e999"),
        ("kwh", "1" * 400),
        ("kwh", "-0.1"),
        ("kwh", "0"),
        ("kwh", "null"),
        ("kwh", '"0.1"'),
        ("kwh", "true"),
        ("kwh", "[0.1]"),
        ("trial_kwh", "-1"),
        ("runtime_s", "-1"),
        ("inference_energy_kwh", "NaN"),
        ("val_accuracy", "null"),
        ("val_accuracy", "97.5"),
        ("test_accuracy", "-0.1"),
        ("epochs", "0"),
        ("epochs", "1.5"),
        ("trial", "-1"),
        ("seed", '"0"'),
        ("method", "7"),
        ("final", "1"),
        ("config", "[]"),
        ("unknown", "1"),
    ],
)
def test_a_value_that_cannot_be_is_named(tmp_path, field, value):
    row = json.loads(LINES[1]) | {field: "HERE"}
    text = json.dumps(row).replace('"HERE"', value)
    message = refused(with_row(tmp_path / "rows.jsonl", text))
    assert "line 3" in message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("budget_kwh", 0.0),
        ("budget_kwh", -1.0),
        ("budget_kwh", "much"),
        ("mean_training_kwh", None),
        ("provenance", 3),
        ("versions", ["numpy"]),
        ("schema", [1]),
        ("schema", 2),
    ],
)
def test_a_header_that_cannot_be_is_refused(tmp_path, field, value):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(dataclasses.asdict(HEADER) | {field: value}) + "\n")
    assert field in refused(path)


def test_files_pasted_together_are_refused(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join([*LINES, *LINES[1:]]))
    assert "line 5, must not hold trial 0 of rs, seed 0, a second time" in refused(path)


def test_a_study_never_has_spent_less_than_before(tmp_path):
    """Statistics look for where it was at a value, in rising energies."""
    first, second, third = make_rows()
    path = tmp_path / "rows.jsonl"
    less = dataclasses.replace(third, kwh=0.15)
    path.write_text("".join(map(line_of, (HEADER, first, second, less))))
    with pytest.raises(RowsError, match=r"line 4, .* rs, seed 0, had spent 0\.2 kWh after trial 1"):
        load(path)
    level = dataclasses.replace(third, kwh=second.kwh)  # a training that failed at once
    path.write_text("".join(map(line_of, (HEADER, first, *make_rows(seed=1), second, level))))
    assert len(load(path).rows) == 6


def test_a_folder_has_one_file_of_rows(tmp_path):
    (tmp_path / "rows.jsonl").write_text(line_of(HEADER))
    assert find(tmp_path).name == "rows.jsonl"
    (tmp_path / "rows.jsonl.gz").write_bytes(b"")
    with pytest.raises(RowsError, match=r"must hold one of rows\.jsonl and .* but holds both"):
        find(tmp_path)


def test_settings_bind_nobody_before_the_first_study_has_ended(tmp_path):
    """After a budget that paid for no training a larger one goes into the same folder."""
    path, larger = tmp_path / "rows.jsonl", dataclasses.replace(HEADER, budget_kwh=1.0)
    RowFile(path, HEADER).close()
    with RowFile(path, larger) as file:
        assert file.results.header == larger
        file.append(make_rows())
    with pytest.raises(RowsError, match="budget_kwh of all rows must be the same"):
        RowFile(path, HEADER)
    assert load(path).header == larger


def test_a_torn_first_row_binds_nobody_either(tmp_path):
    path, larger = tmp_path / "rows.jsonl", dataclasses.replace(HEADER, budget_kwh=1.0)
    path.write_text(LINES[0] + LINES[1][:40])
    with RowFile(path, larger) as file:
        file.append(make_rows())
    assert load(path).header == larger
    assert list(load(path).rows) == make_rows()


def test_a_packed_bomb_is_refused_in_little_memory(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(LINES[0].encode())
        for _ in range(200):
            stream.write(b" " * (1 << 20))
    tracemalloc.start()
    message = refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 << 20
    assert "unpack" in message or "at most" in message


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_damaged_files_are_refused_or_read_and_nothing_else(tmp_path, name):
    """Bytes changed, cut, doubled and inserted, in the text or in the packed stream."""
    rng = random.Random(3)
    whole = "".join(LINES).encode()
    whole = gzip.compress(whole, mtime=0) if name.endswith(".gz") else whole
    path = tmp_path / name
    inserts = [b"[" * 3000, b"NaN", b"\xff\xfe", b'{"a":', b"\n\n", b"9" * 500]
    messages = []
    for _ in range(300):
        raw = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(raw))
            kind = rng.randrange(4)
            if kind == 0:
                raw[at] = rng.randrange(256)
            elif kind == 1:
                raw = raw[: max(1, at)]
            elif kind == 2:
                raw[at:at] = raw[at : at + rng.randint(1, 60)]
            else:
                raw[at:at] = rng.choice(inserts)
        path.write_bytes(raw)
        try:
            load(path)
        except RowsError as error:
            messages.append(str(error))
    assert len(messages) > 150
    assert all(str(path) in message for message in messages)


def test_a_folder_or_nothing_in_the_place_of_a_file(tmp_path):
    refused(tmp_path)
    refused(tmp_path / "rows.jsonl")
    with pytest.raises(RowsError):
        RowFile(tmp_path, HEADER)


def test_a_header_whose_writer_was_killed_is_written_again(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(LINES[0][:40])
    with RowFile(path, HEADER) as file:
        file.append(make_rows())
    assert path.read_text() == "".join(LINES)


def test_somebody_elses_text_is_not_overwritten(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("my notes")
    with pytest.raises(RowsError):
        RowFile(path, HEADER)
    assert path.read_text() == "my notes"
