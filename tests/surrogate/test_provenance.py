"""Each number of a run says which of the five provenances it has."""

import numpy as np
import pytest

import surrogate
from surrogate.loading import load_table
from surrogate.records import PROVENANCES, QUANTITIES, Record
from surrogate.simulation.simulate import simulate
from surrogate.space import TASKS, get_space
from tests.surrogate import made_up

KINDS = {"fashion-nano": "predicted", "cifar10": "simulated", "tinyimagenet": "simulated"}


def known(run):
    return {name for name in QUANTITIES if getattr(run, name) is not None}


@pytest.mark.parametrize("task", KINDS)
@pytest.mark.parametrize("seed", [None, 1])
def test_what_a_model_says_is_predicted_or_simulated(task, seed):
    bench = surrogate.load(task, costs="simulated" if KINDS[task] == "simulated" else None)
    config = bench.space.get_default_configuration()
    for run in (bench.query(config, seed=seed), *bench.query_many([config] * 2, seed=seed)):
        assert run.provenance == dict.fromkeys(known(run), KINDS[task])


def test_rows_of_a_table_keep_what_was_measured_and_what_was_estimated():
    row = load_table("fashion-nano").records[0]
    assert row.provenance == {
        "train_accuracy": "measured",
        "val_accuracy": "measured",
        "test_accuracy": "measured",
        "energy_kwh": "estimated",
        "runtime_s": "measured",
        "inference_energy_kwh": "estimated",
    }


def test_energy_of_nobody_knows_what_has_no_provenance():
    line = made_up.records(1, 0)[0].to_json()
    del line["meter"]
    row = Record.from_json(line).row()
    assert "energy_kwh" not in row.provenance
    assert row.provenance["val_accuracy"] == "measured"


def test_a_simulation_is_simulated():
    (run,) = simulate([get_space("cifar10").get_default_configuration()], "cifar10")
    assert run.provenance == dict.fromkeys(known(run), "simulated")


def test_a_run_that_is_changed_changes_no_other():
    bench = surrogate.load("fashion-nano")
    config = bench.space.get_default_configuration()
    bench.query(config).provenance["energy_kwh"] = "measured"
    assert bench.query(config).provenance["energy_kwh"] == "predicted"


def test_the_loaded_benchmarks_are_benchmarks():
    for name in (*KINDS, "fashion-nano-table"):
        bench = surrogate.load(name)
        assert isinstance(bench, surrogate.Benchmark)
        assert set(bench.query_many([_one(bench)])[0].provenance.values()) <= set(PROVENANCES)
    assert isinstance(surrogate.load("cifar10", constrained=True), surrogate.Benchmark)
    assert np.all([name in TASKS for name in KINDS])


def _one(bench):
    records = getattr(bench, "records", None)
    return records[0].config if records else bench.space.get_default_configuration()
