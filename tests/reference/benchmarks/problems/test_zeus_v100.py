import numpy as np
import pytest

from benchmarks.problems.zeus_v100 import METRICS, load, read_table


@pytest.fixture(scope="module", params=METRICS)
def table(request, zeus):
    return read_table(zeus, request.param)


def test_every_configuration_of_the_space_is_recorded(table):
    assert len(table.space["power_limit_w"].sequence) == 7
    for batch_size in table.space["batch_size"].sequence:
        for power_limit_w in table.space["power_limit_w"].sequence:
            row = table.query({"batch_size": batch_size, "power_limit_w": power_limit_w})
            assert row.energy_kwh[-1] > 0.0
            assert len(row.val_accuracy) == len(row.energy_kwh) == len(row.runtime_s)


def test_curves_never_fall_and_energy_is_power_times_time(table):
    for row in table.records:
        assert (np.diff(row.val_accuracy) >= 0.0).all()
        assert 0.0 <= row.val_accuracy[0] <= row.val_accuracy[-1] < 1.0
        watts = row.energy_kwh[-1] * 3.6e6 / row.runtime_s[-1]
        assert 30.0 < watts < 260.0


def test_known_numbers(zeus):
    # batch size 1024, run 1: 0.05 at epoch 1, 0.1 at epoch 3, 0.6 at epoch 74 and never more;
    # 11.2767 s and 86.8646 W at 100 W
    row = read_table(zeus, "cifar100").query({"batch_size": 1024, "power_limit_w": 100})
    assert row.seed == 1
    assert row.val_accuracy[:3].tolist() == pytest.approx([0.05, 0.075, 0.1])
    assert row.val_accuracy[73] == row.val_accuracy[-1] == 0.6
    assert row.val_accuracy[72] < 0.6
    assert row.energy_kwh[0] == pytest.approx(11.276666 * 86.864608 / 3.6e6)


def test_word_error_rate_becomes_an_accuracy(zeus):
    row = read_table(zeus, "librispeech").query({"batch_size": 12, "power_limit_w": 250})
    assert row.val_accuracy[-1] == pytest.approx(0.65)


def test_energy_and_time_disagree(zeus):
    table = read_table(zeus, "imagenet")
    rows = [table.query({"batch_size": 128, "power_limit_w": w}) for w in (100, 250)]
    assert rows[0].runtime_s[-1] > rows[1].runtime_s[-1]
    assert rows[0].energy_kwh[-1] < rows[1].energy_kwh[-1]


@pytest.mark.parametrize("workload", METRICS)
def test_source_names_the_workload(zeus, workload):
    assert workload in load(zeus / workload).provenance["data_set"]
