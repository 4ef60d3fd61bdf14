"""Every variant of the files, written by the test and compared with arithmetic by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import surrogate
from surrogate.models.two_encoder_network import TwoEncoderNetwork
from surrogate.official import import_official, load_folder
from surrogate.official.curve_file import read_curve_file
from surrogate.official.encoding import encode
from surrogate.official.energy_file import read_energy_file
from surrogate.official.intersect import curve_values
from surrogate.official.lightgbm_text import read_model
from surrogate.space.tasks import get_space
from tests.surrogate.models.test_two_encoder_network import by_hand, random_arrays
from tests.surrogate.official.builders import (
    curve_file,
    energy_file,
    model_text,
    random_tree,
    tree_value,
    write_checkpoints,
    write_model,
)


def arrays_of(seed: int = 0, *, degree: int = 4, hidden: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return random_arrays(rng, hidden=hidden, degree=degree, dtype=np.float32)


def sample(task: str, n: int) -> list[dict[str, Any]]:
    space = get_space(task, seed=1)
    return [dict(space.sample_configuration()) for _ in range(n)]


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("location", ["cpu", "cuda:0"])
def test_tensors_of_every_protocol_and_device_are_read_exactly(
    protocol: int, location: str
) -> None:
    arrays = arrays_of()
    read = read_curve_file(curve_file(arrays, protocol=protocol, location=location))
    assert sorted(read) == sorted(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)


@pytest.mark.parametrize("degree", [3, 4, 5, 6])
@pytest.mark.parametrize("n_members", [1, 3])
def test_every_degree_and_ensemble_size(tmp_path: Path, degree: int, n_members: int) -> None:
    members = write_checkpoints(tmp_path / "in", degree=degree, n_members=n_members, hidden=4)
    import_official(tmp_path / "in", tmp_path / "out", dataset="cifar10")
    bench = surrogate.load(tmp_path / "out")
    configs = sample("cifar10", 6)
    X = encode({name: [config[name] for config in configs] for name in configs[0]})
    for i, run in enumerate(bench.query_many(configs)):
        n_epochs = configs[i]["max_epoch"]
        points = np.array([by_hand(arrays, X[i]) for arrays in members])
        error = curve_values(points, n_epochs).mean(axis=0)
        assert run.test_accuracy.shape == (n_epochs,)
        np.testing.assert_allclose(
            run.test_accuracy, np.clip(1 - error / 100, 0, 1), rtol=0, atol=1e-5
        )
    assert bench.provenance["degree"] == degree
    assert bench.provenance["members"]["curve"] == n_members


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("key", ["handle", "_handle"])
@pytest.mark.parametrize("aligned", [True, False])
def test_every_joblib_and_lightgbm(protocol: int, key: str, aligned: bool) -> None:
    rng = np.random.default_rng(0)
    trees = [random_tree(rng, n_leaves=n) for n in (1, 2, 31)]
    text = model_text(trees, version="v3" if key == "handle" else "v4")
    model = read_energy_file(energy_file(text, protocol=protocol, key=key, aligned=aligned))
    assert model.text == text
    X = rng.random((50, 26))
    wanted = [sum(tree_value(tree, x) for tree in trees) for x in X]
    got = read_model(model.text, n_features=26, n_trees=model.n_trees).predict(X)
    np.testing.assert_allclose(got[:, 0], wanted, rtol=1e-13)


def test_a_value_on_the_threshold_goes_left() -> None:
    tree = random_tree(np.random.default_rng(0), n_leaves=2)
    trees = read_model(model_text([tree]), n_features=26)
    x = np.zeros((1, 26))
    x[0, tree["split_feature"][0]] = tree["threshold"][0]
    assert trees.predict(x)[0, 0] == tree["leaf_value"][0]


def test_the_best_iteration_and_averaging_are_respected() -> None:
    rng = np.random.default_rng(2)
    trees = [random_tree(rng, n_leaves=5) for _ in range(4)]
    model = read_energy_file(energy_file(model_text(trees), best_iteration=2))
    x = rng.random((1, 26))
    values = [tree_value(tree, x[0]) for tree in trees]
    first_two = read_model(model.text, n_features=26, n_trees=model.n_trees)
    assert first_two.predict(x)[0, 0] == pytest.approx(sum(values[:2]))
    forest = model_text(trees, changes={"average_output": ""})
    mean = read_model(forest, n_features=26).predict(x)[0, 0]
    assert mean == pytest.approx(np.mean(values))


def test_energies_are_the_mean_over_members_in_kwh_and_never_fall(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    trees = [random_tree(rng, n_leaves=3) for _ in range(2)]
    trees[1].update(split_feature=[0, 0], threshold=[0.5, 0.1], leaf_value=[-9.0, -9.0, 1.0])
    files = [energy_file(model_text([tree])) for tree in trees]
    write_model(tmp_path / "in" / "x", [curve_file(arrays_of())], model="bezier_nn_STAR")
    write_model(tmp_path / "in" / "my-trainE", files, model="lgb_E")
    bench = import_official(tmp_path / "in", tmp_path / "out", dataset="cifar10")
    configs = sample("cifar10", 30)
    X = encode({name: [config[name] for config in configs] for name in configs[0]})
    n_clipped = 0
    for x, config, run in zip(X, configs, bench.query_many(configs), strict=True):
        wh = max(0.0, (tree_value(trees[0], x) + tree_value(trees[1], x)) / 2)
        n_clipped += wh == 0.0
        n_epochs = config["max_epoch"]
        assert run.energy_kwh is not None
        np.testing.assert_allclose(run.energy_kwh, wh * np.arange(1, n_epochs + 1) / 1000)
        assert run.runtime_s is None
        assert run.inference_energy_kwh is None
    assert 0 < n_clipped < 30


def test_tinyimagenet_has_its_own_space_but_cifars_scaling(tmp_path: Path) -> None:
    write_checkpoints(tmp_path / "in", n_members=1)
    import_official(tmp_path / "in", tmp_path / "out", dataset="tinyimagenet")
    bench = load_folder(tmp_path / "out")
    config = {**sample("tinyimagenet", 1)[0], "wm": 1.5}
    assert encode({name: [value] for name, value in config.items()})[0, 3] == -2.0
    assert bench.query(config).complexity is not None
    assert bench.provenance["task"] == "tinyimagenet"


def test_a_query_alone_equals_one_of_many_and_seeds_vary_the_curve(tmp_path: Path) -> None:
    write_checkpoints(tmp_path / "in", n_members=3)
    bench = import_official(tmp_path / "in", tmp_path / "out", dataset="cifar10")
    configs = sample("cifar10", 5)
    for seed in (None, 7):
        for config, run in zip(configs, bench.query_many(configs, seed=seed), strict=True):
            alone = bench.query(config, seed=seed)
            assert run.test_accuracy is not None
            np.testing.assert_allclose(alone.test_accuracy, run.test_accuracy, atol=1e-5)
            assert alone.complexity == run.complexity
    one, again, other = (bench.query(configs[0], seed=s).test_accuracy for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    with pytest.raises(ValueError, match="seed must not be negative"):
        bench.query(configs[0], seed=-1)
    with pytest.raises(ValueError, match="depth must be one of"):
        bench.query({**configs[0], "depth": 99})
    assert bench.query_many([]) == []


def test_what_was_saved_is_what_was_imported(tmp_path: Path) -> None:
    write_checkpoints(tmp_path / "in")
    bench = import_official(tmp_path / "in", tmp_path / "out", dataset="cifar10")
    again = load_folder(tmp_path / "out")
    config = sample("cifar10", 1)[0]
    for name in ("test_accuracy", "energy_kwh", "runtime_s"):
        one, other = getattr(bench.query(config), name), getattr(again.query(config), name)
        np.testing.assert_array_equal(one, other)
    assert again.provenance == bench.provenance


def test_float64_arithmetic_gives_the_same_network() -> None:
    arrays = arrays_of(hidden=8)
    X = np.random.default_rng(0).random((20, 26))
    single = TwoEncoderNetwork.from_arrays(read_curve_file(curve_file(arrays))).predict(X)
    double = TwoEncoderNetwork.from_arrays(
        {name: array.astype(np.float64) for name, array in arrays.items()}
    ).predict(X)
    np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-4)
