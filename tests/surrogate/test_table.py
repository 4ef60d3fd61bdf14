import pickle

import numpy as np
import pytest
from ConfigSpace import OrdinalHyperparameter

import surrogate
from surrogate.records import Record
from surrogate.space.tasks import get_space
from surrogate.table import TableBenchmark


def line(config, **fields):
    return {"schema": 1, "config": config, "val_accuracy": [0.5, 0.75], **fields}


@pytest.fixture
def table():
    return TableBenchmark.from_records(
        [
            line({"lr": 0.1, "optimizer": "sgd"}, seed=1, energy_kwh=[1.0, 2.0]),
            line({"lr": 0.1, "optimizer": "sgd"}, seed=2),
            line({"lr": 0.3, "optimizer": "adam"}),
            line({"lr": 1.0, "optimizer": "adam"}, status="failed", val_accuracy=None),
        ],
        provenance={"kind": "measured"},
    )


def test_rows_are_exact(table):
    row = table.query({"optimizer": "adam", "lr": 0.3})
    assert row == table.records[2]
    assert row.val_accuracy.tolist() == [0.5, 0.75]
    assert row.energy_kwh is None
    assert table.query_many([row.config]) == [row]
    assert table.provenance["kind"] == "measured"


def test_what_a_caller_does_with_a_row_changes_no_record(table):
    row = table.query({"optimizer": "adam", "lr": 0.3})
    row.config["lr"] = 9.0
    with pytest.raises(ValueError, match="read-only"):
        row.val_accuracy[0] = 9.0
    again = table.query({"optimizer": "adam", "lr": 0.3})
    assert again == table.records[2]
    assert (again.config["lr"], again.val_accuracy[0]) == (0.3, 0.5)


def test_the_arrays_that_a_caller_gave_stay_his():
    record = Record(config={"lr": 0.1}, val_accuracy=np.array([0.5, 0.75]))
    table = TableBenchmark.from_records([record])
    record.val_accuracy[0] = 0.25
    assert table.query({"lr": 0.1}).val_accuracy.tolist() == [0.5, 0.75]


@pytest.mark.parametrize("name", [None, "fashion-nano-table"])
def test_a_table_goes_to_another_process(table, name):
    whole = table if name is None else surrogate.load(name)
    there = pickle.loads(pickle.dumps(whole))
    assert there.records == whole.records
    config = whole.records[0].config
    assert there.query(config) == whole.query(config)


def test_failed_records_are_left_out(table):
    assert len(table.records) == 3
    assert 1.0 not in table.space["lr"].sequence


def test_seed_selects_a_repeat(table):
    config = {"lr": 0.1, "optimizer": "sgd"}
    assert [table.query(config, seed=s).seed for s in (None, 0, 1, 2)] == [1, 1, 2, 1]
    assert table.query(config).energy_kwh.tolist() == [1.0, 3.0]


def test_rounding_errors_are_forgiven(table):
    assert table.query({"lr": 0.1 + 0.2, "optimizer": "adam"}).config["lr"] == 0.3


def test_unrecorded_configuration_names_the_nearest(table):
    with pytest.raises(ValueError, match=r"not among its 2\. The nearest is .*0\.3.*adam"):
        table.query({"lr": 0.5, "optimizer": "adam"})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"lr": 0.1}, "configuration lacks optimizer"),
        ({"lr": 0.1, "optimizer": "sgd", "depth": 3}, "unknown hyperparameter 'depth'"),
    ],
)
def test_wrong_names(table, config, message):
    with pytest.raises(ValueError, match=message):
        table.query(config)


def test_space_of_what_was_observed(table):
    assert isinstance(table.space["lr"], OrdinalHyperparameter)
    assert table.space["lr"].sequence == (0.1, 0.3)
    assert set(table.space["optimizer"].choices) == {"sgd", "adam"}


def test_needs_a_finished_record_and_the_same_names():
    with pytest.raises(ValueError, match="at least one finished record"):
        TableBenchmark.from_records([])
    with pytest.raises(ValueError, match="record 1 must have the hyperparameters lr but has b"):
        TableBenchmark.from_records([line({"lr": 1}), line({"b": 1})])
    with pytest.raises(ValueError, match="schema must be 1"):
        TableBenchmark.from_records([{"config": {"lr": 1}}])


def test_table_of_a_given_space():
    space = get_space("fashion-nano", seed=0)
    config = dict(space.sample_configuration())
    table = TableBenchmark.from_records([line(config)], space=space)
    assert table.query(config).config == config
    assert table.space is space
