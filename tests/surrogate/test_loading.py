import json
import shutil

import numpy as np
import pytest

import surrogate
from surrogate import folder as folder_module
from surrogate.folder import DATA, read_verified
from surrogate.loading import TASK_NAMES
from tests.surrogate import made_up


@pytest.fixture
def copy(fitted_folder, tmp_path):
    return shutil.copytree(fitted_folder, tmp_path / "copy")


def test_unknown_task_lists_the_tasks():
    with pytest.raises(ValueError, match=r"fashion-nano, cifar10, tinyimagenet, fashion-nano-gpu"):
        surrogate.load("imagenet")
    with pytest.raises(ValueError, match="Did you mean 'cifar10'"):
        surrogate.load("cifar-10")
    with pytest.raises(ValueError, match="Did you mean 'tinyimagenet'"):
        surrogate.load("TinyImageNet")
    with pytest.raises(ValueError, match=r"but got 'x{40,60}\.\.\.\.$"):  # no file has such a name
        surrogate.load("x" * 5000)


@pytest.mark.parametrize("constrained", ["no", 0, None])
def test_only_a_truth_value_says_whether_it_is_constrained(constrained):
    with pytest.raises(ValueError, match="constrained must be True or False but got"):
        surrogate.load("cifar10", constrained=constrained)


def test_a_benchmark_is_shown_in_a_line():
    assert repr(surrogate.load("fashion-nano")).startswith("FittedBenchmark(task='fashion-nano'")
    assert len(repr(surrogate.load("fashion-nano"))) < 300


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_folder_that_nobody_named_is_not_the_current_one(name):
    with pytest.raises(ValueError, match=f"name must name a file or folder but got {name!r}"):
        surrogate.load(name)


def test_shipped_folders_are_whole():
    shipped = [path for path in DATA.iterdir() if path.is_dir()]
    assert shipped
    for path in shipped:
        for line in (path / "SHA256SUMS").read_text().splitlines():
            assert read_verified(path, line.split()[1])
    assert sum(f.stat().st_size for f in DATA.rglob("*") if f.is_file()) <= 15e6


@pytest.mark.parametrize("name", [path.name for path in DATA.iterdir() if path.is_dir()])
def test_shipped_task_answers(name):
    bench = surrogate.load(name)
    config = bench.space.get_default_configuration()
    run = bench.query(config)
    assert len(run.val_accuracy) == config["max_epoch"]
    assert bench.provenance["task"] == name
    assert bench.provenance["kind"] in ("measured", "simulated")


def test_shipped_table_has_the_recorded_rows():
    table = surrogate.load("fashion-nano-table")
    assert len(table.records) == table.provenance["n_records"]
    row = table.records[0]
    assert table.query(row.config, seed=0).val_accuracy.tolist() == row.val_accuracy.tolist()
    assert row.record.meter["kind"] == table.provenance["energy"] == "estimated"


def test_task_without_data_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr("surrogate.loading.DATA", tmp_path)
    for name in TASK_NAMES:
        with pytest.raises(ValueError, match="python -m benchmarks fit --task"):
            surrogate.load(name)


def test_folder_without_provenance(tmp_path):
    with pytest.raises(ValueError, match=r"or a folder with a provenance\.json"):
        surrogate.load(tmp_path)


@pytest.mark.parametrize("name", ["model.npz", "provenance.json"])
def test_damaged_file_is_refused(copy, name):
    path = copy / name
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=rf"{name} (is damaged|must be)"):
        surrogate.load(copy)


@pytest.mark.parametrize("name", ["model.npz", "SHA256SUMS"])
def test_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(ValueError, match=rf"{name} is missing.*Make the folder again"):
        surrogate.load(copy)


def test_unlisted_file_is_refused(copy):
    sums = copy / "SHA256SUMS"
    sums.write_text("\n".join(line for line in sums.read_text().split("\n") if "npz" not in line))
    with pytest.raises(ValueError, match=r"does not list model\.npz"):
        surrogate.load(copy)


@pytest.mark.parametrize(
    ("is_clone", "command"),
    [
        (True, r"git checkout -- surrogate/data/task/model\.npz"),
        (False, "pip install --force-reinstall"),
    ],
)
def test_damaged_shipped_file_names_the_command_that_restores_it(
    copy, tmp_path, monkeypatch, is_clone, command
):
    data = tmp_path / "root" / "surrogate" / "data"
    shutil.copytree(copy, data / "task")
    (data / "task" / "model.npz").write_bytes(b"")
    if is_clone:
        (tmp_path / "root" / ".git").mkdir()
    monkeypatch.setattr(folder_module, "DATA", data)
    with pytest.raises(ValueError, match=command):
        surrogate.load(data / "task")


def test_unknown_format_asks_for_an_upgrade(copy):
    path = copy / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": "new"}))
    folder_module.write_sums(copy)
    with pytest.raises(ValueError, match="format must be"):
        surrogate.load(copy)


@pytest.mark.parametrize("version", [2, 0, None, True, "1"])
def test_another_version_of_the_format_is_not_read_as_this_one(copy, version):
    path = copy / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": version}))
    folder_module.write_sums(copy)
    with pytest.raises(ValueError, match=r"version must be 1 but is .*: fit the folder again, or"):
        surrogate.load(copy)


def test_same_records_give_the_same_bytes(fitted_folder, tmp_path):
    from surrogate.fitting.build import build
    from surrogate.fitting.selection import SHAPES
    from tests.surrogate.conftest import QUICK

    shuffled = made_up.records()
    np.random.default_rng(0).shuffle(shuffled)
    build(shuffled, made_up.TASK, tmp_path / "again", settings=QUICK, shapes=SHAPES[5:7])
    for path in fitted_folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name
