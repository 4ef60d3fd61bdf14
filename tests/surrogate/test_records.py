import json

import numpy as np
import pytest

from surrogate.records import Complexity, Record, Row, Run

LINE = {
    "schema": 1,
    "task": "fashion-nano",
    "run": 8,
    "config_run": 0,
    "config": {"depth": 4, "optimizer": "sgd"},
    "seed": 3,
    "status": "finished",
    "train_accuracy": [0.5, 0.75],
    "val_accuracy": [0.25, 0.5],
    "test_accuracy": [0.0, 1.0],
    "train_loss": [2.5, None],
    "train_cpu_s": [1.0, 2.0],
    "train_wall_s": [1.5, 2.5],
    "eval_cpu_s": [0.5, 0.5],
    "energy_kwh": [0.001, 0.002],
    "inference_cpu_s": 0.5,
    "inference_wall_s": 0.5,
    "inference_energy_kwh": 0.0001,
    "complexity": {"params": 1, "flops": 2, "activations": 3},
    "meter": {"kind": "estimated", "name": "CpuTimeMeter"},
    "machine": {"cpu": "x"},
    "versions": {"torch": "2"},
    "started": "2026-01-01T00:00:00+00:00",
    "disturbed": True,
}


def test_json_round_trip():
    record = Record.from_json(LINE)
    assert record.to_json() == LINE
    assert np.isnan(record.train_loss[1])
    assert record.complexity == Complexity(params=1, flops=2, activations=3)


def test_records_and_rows_are_equal_where_all_their_curves_are():
    one, other = Record.from_json(LINE), Record.from_json(LINE)
    assert one == other
    assert one.row() == other.row()
    changed = Record.from_json({**LINE, "energy_kwh": [0.001, 0.003]})
    assert changed != one
    assert changed.row() != one.row()
    assert Record.from_json({**LINE, "energy_kwh": None}) != one
    assert one.row() != one
    assert Record.__hash__ is Run.__hash__ is Row.__hash__ is None
    with pytest.raises(TypeError, match="unhashable type: 'Row'"):
        hash(one.row())


def test_row_has_the_fields_of_a_query():
    row = Record.from_json(LINE).row()
    assert row.energy_kwh.tolist() == [0.001, 0.003]
    assert row.runtime_s.tolist() == [1.0, 3.0]  # CPU time before wall time
    assert row.val_accuracy.tolist() == [0.25, 0.5]
    assert (row.config, row.seed) == (LINE["config"], 3)


@pytest.mark.parametrize(
    ("wall_s", "cpu_s", "expected"),
    [
        ([1.5, 2.5], [1.0, 2.0], True),
        ([1.5, 2.0], [1.0, 2.0], False),  # one epoch was, the run was not
        ([1.2, 2.3], [1.0, 2.0], False),
        (None, [1.0, 2.0], None),
        ([1.5, 2.5], None, None),
    ],
)
def test_disturbed_runs_are_known_by_their_times(wall_s, cpu_s, expected):
    line = {**LINE, "train_wall_s": wall_s, "train_cpu_s": cpu_s}
    del line["disturbed"]  # as in records from before there was a flag
    record = Record.from_json(line)
    assert record.disturbed is record.row().disturbed is expected
    assert record.to_json().get("disturbed") is expected
    assert Record.from_json({**line, "disturbed": "who knows"}).disturbed is expected


def test_time_on_a_gpu_is_wall_clock_time():
    record = Record.from_json({**LINE, "machine": {"cpu": "x", "gpu": "y"}})
    assert record.row().runtime_s.tolist() == [1.5, 4.0]


def test_what_was_not_recorded_is_none():
    record = Record.from_json({"schema": 1, "config": {"a": 1}, "train_wall_s": [2.0, 3.0]})
    row = record.row()
    assert row.runtime_s.tolist() == [2.0, 5.0]
    assert row.energy_kwh is row.val_accuracy is row.inference_energy_kwh is row.complexity is None
    assert (record.n_epochs, record.status) == (2, "finished")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "schema must be 1 but got 2"),
        ({"schema": None}, "schema must be 1"),
        ({"config": {}}, "at least one hyperparameter"),
        ({"config": [1]}, "config must be an object"),
        ({"val_accuracy": [0.5, 1.5]}, r"val_accuracy must lie in \[0, 1\]"),
        ({"val_accuracy": [0.5, None]}, r"val_accuracy must lie in \[0, 1\]"),
        ({"val_accuracy": [0.5]}, "one value per epoch"),
        ({"val_accuracy": 0.5}, "must be a list of numbers"),
        ({"val_accuracy": ["good", "bad"]}, "must be a list of numbers"),
        ({"energy_kwh": [0.1, -0.1]}, "energy_kwh must be finite and not negative"),
        ({"train_cpu_s": [float("inf"), 1.0]}, "train_cpu_s must be finite"),
        ({"inference_energy_kwh": float("nan")}, "inference_energy_kwh must be finite"),
        ({"inference_energy_kwh": "1"}, "must be a number"),
        ({"seed": 1.5}, "seed must be an integer"),
        ({"seed": True}, "seed must be an integer"),
        ({"status": 1}, "status must be text"),
        ({"meter": "nvml"}, "meter must be an object"),
        ({"complexity": {"params": 1}}, "complexity must have params, flops, activations"),
    ],
)
def test_refuses_what_breaks_the_schema(change, message):
    with pytest.raises(ValueError, match=message):
        Record.from_json({**LINE, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config": {}}, "at least one hyperparameter"),
        ({"val_accuracy": [50.0, 75.0]}, r"val_accuracy must lie in \[0, 1\]"),
        ({"val_accuracy": np.array([0.5, np.nan])}, r"val_accuracy must lie in \[0, 1\]"),
        ({"val_accuracy": (True, False)}, "must be a list of numbers"),
        ({"val_accuracy": np.array(["0.5"])}, "must be a list of numbers"),
        ({"energy_kwh": [0.1, -0.1]}, "energy_kwh must be finite and not negative"),
        ({"energy_kwh": [0.1]}, "one value per epoch"),
        ({"val_accuracy": None}, "at least one of"),
        ({"seed": 1.5}, "seed must be an integer"),
        ({"complexity": {"params": 1}}, "complexity must be a Complexity"),
    ],
)
def test_a_record_made_by_hand_follows_the_schema(change, message):
    with pytest.raises(ValueError, match=message):
        Record(**{"config": {"lr": 0.1}, "val_accuracy": [0.5, 0.75], **change})


@pytest.mark.parametrize("kind", [list, tuple, np.array, lambda v: np.array(v, dtype=np.float32)])
def test_curves_of_a_record_are_arrays_whatever_they_were(kind):
    record = Record(config={"lr": 0.1}, val_accuracy=kind([0.5, 0.75]), energy_kwh=kind([1, 2]))
    assert record.val_accuracy.dtype == record.energy_kwh.dtype == np.float64
    assert record.row().energy_kwh.tolist() == [1.0, 3.0]
    assert Record.from_json(record.to_json()) == record


def test_the_integers_of_a_record_may_be_those_of_numpy():
    size = dict.fromkeys(("params", "flops", "activations"), np.int64(2))
    line = {**LINE, "run": np.int32(8), "seed": np.int64(3), "complexity": size}
    written = Record.from_json(line).to_json()
    assert (written["run"], written["seed"], written["complexity"]["flops"]) == (8, 3, 2)
    assert {type(written[name]) for name in ("run", "seed")} == {int}
    json.dumps(written)


def test_a_finished_record_has_a_curve():
    with pytest.raises(ValueError, match="at least one of"):
        Record.from_json({"schema": 1, "config": {"a": 1}})
    assert (
        Record.from_json({"schema": 1, "config": {"a": 1}, "status": "failed"}).status == "failed"
    )
