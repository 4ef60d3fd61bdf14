from __future__ import annotations

import numpy as np
import pytest

from benchmarks.commands.simulate import records, simulate
from surrogate.record_files import read_records
from surrogate.simulation.simulate import simulate as simulate_runs
from surrogate.space.regnet import stages


def test_records_are_runs_in_the_schema(tmp_path):
    path = tmp_path / "new" / "cifar10.jsonl.gz"
    simulate("cifar10", path, runs=20, repeated=3, seed=2)
    read = read_records(path)
    assert not read.damaged
    assert len(read.records) == 26
    for record in read.records:
        assert record.task == "cifar10"
        assert record.status == "finished"
        assert record.meter["kind"] == record.machine["kind"] == "simulated"
        assert len(stages(record.config)) == 2
        assert record.n_epochs == record.config["max_epoch"]
        (run,) = simulate_runs([record.config], "cifar10", seed=record.seed)
        row = record.row()
        np.testing.assert_array_equal(row.val_accuracy, run.val_accuracy)
        np.testing.assert_allclose(row.train_accuracy, run.train_accuracy, atol=1e-5)
        np.testing.assert_allclose(row.energy_kwh, run.energy_kwh, rtol=1e-4)
        np.testing.assert_allclose(row.runtime_s, run.runtime_s, rtol=1e-4)
        assert row.complexity == run.complexity


def test_repeats_share_their_configuration_and_differ_in_their_seed():
    made = list(records("cifar10", 10, repeated=2, seed=0))
    assert [record.run for record in made] == list(range(14))
    assert [record.config_run for record in made] == [*range(10), 0, 1, 0, 1]
    repeats = [record for record in made if record.config_run == 1]
    assert len(repeats) == 3
    assert all(record.config == repeats[0].config for record in repeats)
    assert len({record.seed for record in repeats}) == 3
    assert not np.array_equal(repeats[0].energy_kwh, repeats[1].energy_kwh)


def test_the_same_seed_gives_the_same_file(tmp_path):
    for name in ("a.jsonl", "b.jsonl"):
        simulate("tinyimagenet", tmp_path / name, runs=8, repeated=1, seed=5)
    simulate("tinyimagenet", tmp_path / "c.jsonl", runs=8, repeated=1, seed=6)
    a, b, c = ((tmp_path / f"{name}.jsonl").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"runs": 0}, "runs must be positive"),
        ({"runs": 2, "repeated": 3}, "repeated in 0 to runs"),
        ({"task": "fashion-nano"}, "measured"),
        ({"out": "x.csv"}, "must end in"),
    ],
)
def test_bad_input_is_refused(options, message, tmp_path):
    options = {"task": "cifar10", "out": "x.jsonl", "runs": 2, "repeated": 0, **options}
    with pytest.raises(ValueError, match=message):
        simulate(options["task"], tmp_path / options["out"], options["runs"], options["repeated"])
