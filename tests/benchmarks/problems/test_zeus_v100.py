import numpy as np
import pytest

from benchmarks.problems.zeus_v100 import POWER_FILE, TRAIN_FILE, load, read_table
from tests.benchmarks.problems.made_up_zeus import (
    BATCH_SIZES,
    POWER_LIMITS_W,
    seconds,
    watts,
    write_tables,
)


@pytest.fixture(scope="module")
def zeus(tmp_path_factory):
    return write_tables(tmp_path_factory.mktemp("made-up") / "zeus")


@pytest.mark.parametrize("workload", ["cifar100", "librispeech", "squad"])
def test_every_configuration_has_the_energy_and_time_of_its_row(zeus, workload):
    table = read_table(zeus, workload)
    assert tuple(table.space["batch_size"].sequence) == BATCH_SIZES
    assert tuple(table.space["power_limit_w"].sequence) == POWER_LIMITS_W
    for size in BATCH_SIZES:
        for limit in POWER_LIMITS_W:
            row = table.query({"batch_size": size, "power_limit_w": limit})
            epochs = np.arange(1, len(row.val_accuracy) + 1)
            joules = seconds(size, limit) * watts(size, limit)
            np.testing.assert_allclose(row.runtime_s, seconds(size, limit) * epochs)
            np.testing.assert_allclose(row.energy_kwh, joules * epochs / 3.6e6)


def test_a_curve_is_straight_from_target_to_target_and_level_after_the_last(zeus):
    table = read_table(zeus, "cifar100")
    curves = {
        (record.config["batch_size"], record.seed): record.val_accuracy for record in table.records
    }
    # 0.1, 0.2, 0.5 in epochs 1, 2, 4; 0.8 never; as long as the longest, which ends in epoch 9
    wanted = [0.1, 0.2, 0.35, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert curves[16, 1] == pytest.approx(wanted)
    assert curves[16, 2] == pytest.approx([0.05, 0.1, 0.2, 0.35, *[0.5] * 5])
    # 0.1 and 0.2 both in epoch 2: the better one counts
    wanted = [0.1, 0.2, 0.275, 0.35, 0.425, 0.5, 0.65, 0.8, 0.8]
    assert curves[64, 1] == pytest.approx(wanted)
    assert len(table.records) == 2 * len(BATCH_SIZES) * len(POWER_LIMITS_W)


def test_the_power_limit_changes_energy_and_time_but_not_the_curve(zeus):
    table = read_table(zeus, "cifar100")
    low, high = (table.query({"batch_size": 16, "power_limit_w": w}) for w in (100, 250))
    assert low.val_accuracy.tolist() == high.val_accuracy.tolist()
    assert low.runtime_s[-1] > high.runtime_s[-1]
    assert low.energy_kwh[-1] < high.energy_kwh[-1]


def test_percent_and_word_error_rate_become_accuracies(zeus):
    config = {"batch_size": 64, "power_limit_w": 250}
    assert read_table(zeus, "squad").query(config).val_accuracy[-1] == pytest.approx(0.5)
    words = read_table(zeus, "librispeech").query(config).val_accuracy
    assert words[-1] == pytest.approx(0.7)
    assert (np.diff(words) >= 0.0).all()


def test_source_names_the_workload(zeus, tmp_path):
    assert "squad" in load(zeus / "squad").provenance["data_set"]
    assert "cifar100" in load(zeus).provenance["data_set"]
    with pytest.raises(ValueError, match="needs the folder"):
        load(None)
    with pytest.raises(ValueError, match="workload must be one of"):
        load(zeus / "mnist")
    with pytest.raises(ValueError, match="must be a file of the Zeus traces"):
        load(tmp_path / "squad")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            TRAIN_FILE,
            ",4\n",
            ",100000000000\n",
            "target_epoch must be a whole number from 1",
        ),
        (TRAIN_FILE, ",4\n", ",1e11\n", "target_epoch must be a whole number"),
        (TRAIN_FILE, ",4\n", ",0\n", "target_epoch must be a whole number"),
        (TRAIN_FILE, ",4\n", "\n", "must have 8 cells"),
        (TRAIN_FILE, ",4\n", ",4,5\n", "must have 8 cells"),
        (TRAIN_FILE, ",0.5,", ",nan,", "target_metric must be a finite number"),
        (TRAIN_FILE, ",0.5,", ",5,", "target_metric must be a finite number from 0 to 1"),
        (TRAIN_FILE, ",0.5,", ",half,", "target_metric must be a finite number"),
        (TRAIN_FILE, "target_epoch", "epoch", "must have the columns target_epoch"),
        (TRAIN_FILE, "cifar100", "mnist", "must have a target of 'cifar100'"),
        (TRAIN_FILE, "adadelta", "adam", "must share trainings of 'cifar100'"),
        (POWER_FILE, "average_power", "watts", "must have the columns average_power"),
        (POWER_FILE, ",100,", ",-100,", "power_limit must be a whole number"),
        (POWER_FILE, "\ncifar100,net,", "\ncifar100," + "n" * 200_000 + ",", "must be a row"),
        (POWER_FILE, ",81.0\n", ",inf\n", "average_power must be a finite number"),
        (POWER_FILE, ",81.0\n", ",-81.0\n", "average_power must be a finite number"),
    ],
)
def test_a_table_that_is_not_zeuss_is_named(tmp_path, name, old, new, message):
    path = write_tables(tmp_path) / name
    with path.open(newline="") as stream:
        text = stream.read().replace("\r\n", "\n")
    assert old in text
    changed = text.replace(old, new)
    path.write_text(changed)
    with pytest.raises(ValueError, match=message) as error:
        read_table(tmp_path, "cifar100")
    assert str(tmp_path) in str(error.value)


def test_a_table_that_is_no_text_or_too_large_is_named(tmp_path):
    path = write_tables(tmp_path) / POWER_FILE
    path.write_bytes(b"dataset\xff\xfe")
    with pytest.raises(ValueError, match="UTF-8"):
        read_table(tmp_path, "cifar100")
    with path.open("wb") as stream:
        stream.truncate(1 << 40)  # a hole: no disk is used
    with pytest.raises(ValueError, match="at most 16 MiB"):
        read_table(tmp_path, "cifar100")
