"""Imported checkpoints against the same predictions made another way: by hand, one at a time.

The files are written by the tests' own builders, with made-up weights. tests/reference compares
with predictions of the original code.
"""

from __future__ import annotations

from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surrogate.official import OfficialBenchmark, import_official, load_folder
from surrogate.official.encoding import encode
from surrogate.space.tasks import get_space
from tests.surrogate.models.test_two_encoder_network import by_hand
from tests.surrogate.official.builders import (
    curve_file,
    energy_file,
    model_text,
    random_tree,
    tree_value,
    write_checkpoints,
    write_model,
)

LEARNING_RATES = [0.001, 0.003, 0.005, 0.01, 0.03, 0.05, 0.1, 0.3, 0.5, 1.0]
ENERGIES = {"trainE-v0.2": 31, "testE-v0.1": 4, "runtime-v0.1": 16}
"""Models by their upstream names, and how many leaves each made-up tree has."""


def encoded(config: dict[str, Any]) -> np.ndarray:
    """The 26 numbers, written down from upstream's description."""
    row = [
        (config["depth"] - 6) / 9,
        (config["w0"] - 48) / 80,
        (config["wa"] - 8) / 24,
        (config["wm"] - 2.5) / 0.5,
        (config["group_width"] - 1) / 31,
    ]
    row += [float(config["base_lr"] == value) for value in LEARNING_RATES]
    row += [float(config["optimizer"] == value) for value in ("sgd", "adam", "adamw")]
    row += [float(config["lr_policy"] == value) for value in ("cos", "exp", "lin")]
    row += [float(config["cutout_length"] == value) for value in (0, 16)]
    row += [float(config["max_epoch"] == value) for value in (50, 100, 200)]
    return np.array(row)


def power_form(controls: list[float]) -> np.ndarray:
    """Coefficients of a Bezier polynomial, highest power first."""
    n = len(controls) - 1
    total = np.zeros(n + 1)
    for i, control in enumerate(controls):
        for j in range(n - i + 1):  # s^i (1 - s)^(n - i), multiplied out
            total[i + j] += control * comb(n, i) * comb(n - i, j) * (-1) ** j
    return total[::-1]


def error_by_hand(outputs: list[float], n_epochs: int) -> np.ndarray:
    """Top-1 error after each epoch, percent; NaN where the curve passes an epoch several times."""
    degree = len(outputs) // 2
    first, last, *inner = outputs
    x = power_form([1.0, *inner[: degree - 1], float(n_epochs)])
    y = power_form([first, *inner[degree - 1 :], last])
    values = [first]
    for epoch in range(2, n_epochs):
        roots = np.roots(x - np.eye(degree + 1)[-1] * epoch)
        real = [r.real for r in roots if abs(r.imag) < 1e-4 and -1e-4 <= r.real <= 1.0 + 1e-4]
        if len(real) > 1:
            values.append(np.nan)
            continue
        value = np.polyval(y, real[0]) if real else np.nan
        values.append(value if -10.0 <= value <= 100.0 else np.polyval(y, 0.5))
    return np.array([*values, last])


@pytest.fixture(scope="module")
def configs() -> list[dict[str, Any]]:
    space = get_space("cifar10", seed=5)
    return [dict(space.sample_configuration()) for _ in range(30)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any], dict[str, Any]]:
    """The files, the weights of the three networks and the trees that they hold."""
    root = tmp_path_factory.mktemp("official") / "in"
    members = write_checkpoints(root, degree=4, hidden=16, n_members=3, seed=1)
    rng = np.random.default_rng(2)
    trees = {}
    for name, n_leaves in ENERGIES.items():
        trees[name] = [random_tree(rng, n_leaves=n_leaves) for _ in range(8)]
        path = root / f"ea_has_bench-{name}" / "ensemble_member_0" / "surrogate_model.model"
        path.write_bytes(energy_file(model_text(trees[name])))
    return root, members, trees


@pytest.fixture(scope="module")
def bench(written: Any, tmp_path_factory: pytest.TempPathFactory) -> OfficialBenchmark:
    out = tmp_path_factory.mktemp("official") / "imported"
    import_official(written[0], out, dataset="cifar10")
    return load_folder(out)


def test_configurations_are_encoded_as_upstream_describes(configs: list[dict[str, Any]]) -> None:
    columns = {name: [config[name] for config in configs] for name in configs[0]}
    wanted = [encoded(config) for config in configs]
    np.testing.assert_allclose(encode(columns), wanted, rtol=0, atol=1e-15)


def test_every_epoch_is_the_root_of_every_members_curve(
    bench: OfficialBenchmark, written: Any, configs: list[dict[str, Any]]
) -> None:
    n_epochs, n_known = 0, 0
    for config, found in zip(configs, bench.error_percent(configs), strict=True):
        x = encoded(config)
        curves = [error_by_hand(by_hand(m, x), config["max_epoch"]) for m in written[1]]
        wanted = np.mean(curves, axis=0)
        known = np.isfinite(wanted)
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found[known], wanted[known], rtol=0, atol=1e-3)
        n_epochs, n_known = n_epochs + len(wanted), n_known + int(known.sum())
    assert n_known > 0.5 * n_epochs


def test_energies_and_runtime_are_sums_over_trees_in_other_units(
    bench: OfficialBenchmark, written: Any, configs: list[dict[str, Any]]
) -> None:
    for config, run in zip(configs, bench.query_many(configs), strict=True):
        wanted = {
            name: sum(tree_value(tree, encoded(config)) for tree in written[2][name])
            for name in ENERGIES
        }
        assert len({round(value, 6) for value in wanted.values()}) == 3
        epochs = np.arange(1, config["max_epoch"] + 1)
        assert run.energy_kwh is not None
        assert run.runtime_s is not None
        np.testing.assert_allclose(run.energy_kwh, wanted["trainE-v0.2"] * epochs / 1000, rtol=1e-9)
        np.testing.assert_allclose(run.runtime_s, wanted["runtime-v0.1"] * epochs, rtol=1e-9)
        assert run.inference_energy_kwh == pytest.approx(wanted["testE-v0.1"] / 1000, rel=1e-9)


def test_a_run_is_the_error_as_accuracy(
    bench: OfficialBenchmark, configs: list[dict[str, Any]]
) -> None:
    run = bench.query(configs[0])
    (error,) = bench.error_percent(configs[:1])
    assert run.test_accuracy == pytest.approx(np.clip(1.0 - error / 100.0, 0, 1), abs=1e-5)
    assert run.train_accuracy is None
    assert run.val_accuracy is None


def test_provenance_says_what_it_is(bench: OfficialBenchmark) -> None:
    assert bench.provenance["kind"] == "imported"
    assert bench.provenance["task"] == "cifar10"
    assert bench.provenance["degree"] == 4
    assert bench.provenance["hidden_width"] == 16
    members = {"curve": 3, "energy": 1, "inference_energy": 1, "runtime": 1}
    assert bench.provenance["members"] == members
    assert len(bench.provenance["sources"]) == 6
    assert any("Wh" in note for note in bench.provenance["notes"])


def test_a_curve_that_was_drawn_by_hand_comes_back(tmp_path: Path) -> None:
    """A network of zeros but for its biases: a straight line from 90 % to 10 % of error."""
    (arrays,) = write_checkpoints(tmp_path / "unused", degree=4, n_members=1)
    for name, array in arrays.items():
        arrays[name] = np.zeros_like(array)
    logit = np.log(0.9 / 0.1)
    arrays["endpoints.bias"] = np.array([logit, -logit], dtype=np.float32)
    quarters = [0.25, 0.5, 0.75]
    inner = [1.0 + 49.0 * s for s in quarters] + [90.0 - 80.0 * s for s in quarters]
    arrays["inner.bias"] = np.array(inner, dtype=np.float32)
    write_model(tmp_path / "line", [curve_file(arrays)], model="bezier_nn_STAR")
    bench = import_official(tmp_path / "line", tmp_path / "out", dataset="cifar10")
    config = {**bench.space.get_default_configuration(), "max_epoch": 50}
    assert bench.query(config).test_accuracy == pytest.approx(np.linspace(0.1, 0.9, 50), abs=1e-5)
