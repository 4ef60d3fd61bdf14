"""The published layout, against predictions of the original code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surrogate.official import OfficialBenchmark, import_official, load_folder
from surrogate.official.encoding import encode
from surrogate.space.tasks import from_upstream


@pytest.fixture(scope="module")
def expected(official: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((official / "expected.json").read_text())
    return content


@pytest.fixture(scope="module")
def configs(expected: dict[str, Any]) -> list[dict[str, Any]]:
    return [from_upstream(row["config"]) for row in expected["rows"]]


@pytest.fixture(scope="module")
def bench(official: Path, tmp_path_factory: pytest.TempPathFactory) -> OfficialBenchmark:
    out = tmp_path_factory.mktemp("official") / "imported"
    import_official(official, out, dataset="cifar10")
    return load_folder(out)


def test_configurations_are_encoded_as_upstream_does(
    expected: dict[str, Any], configs: list[dict[str, Any]]
) -> None:
    columns = {name: [config[name] for config in configs] for name in configs[0]}
    wanted = [row["encoding"] for row in expected["rows"]]
    np.testing.assert_allclose(encode(columns), wanted, rtol=0, atol=1e-15)


def test_every_epoch_of_every_curve_equals_upstream(
    bench: OfficialBenchmark, expected: dict[str, Any], configs: list[dict[str, Any]]
) -> None:
    assert len(configs) == 300
    for error, row in zip(bench.error_percent(configs), expected["rows"], strict=True):
        np.testing.assert_allclose(error, row["top1_err"], rtol=0, atol=1e-3)


def test_energies_and_runtime_equal_upstream_in_other_units(
    bench: OfficialBenchmark, expected: dict[str, Any], configs: list[dict[str, Any]]
) -> None:
    for run, row in zip(bench.query_many(configs), expected["rows"], strict=True):
        n_epochs = row["config"]["OPTIM"]["MAX_EPOCH"]
        epochs = np.arange(1, n_epochs + 1)
        assert run.energy_kwh is not None
        assert run.runtime_s is not None
        np.testing.assert_allclose(run.energy_kwh, row["train_energy"] * epochs / 1000, rtol=1e-9)
        np.testing.assert_allclose(run.runtime_s, row["runtime"] * epochs, rtol=1e-9)
        assert run.inference_energy_kwh == pytest.approx(row["test_energy"] / 1000, rel=1e-9)


def test_a_run_is_the_error_as_accuracy(
    bench: OfficialBenchmark, expected: dict[str, Any], configs: list[dict[str, Any]]
) -> None:
    run = bench.query(configs[0])
    assert run.test_accuracy == pytest.approx(
        1.0 - np.array(expected["rows"][0]["top1_err"]) / 100.0, abs=1e-5
    )
    assert run.train_accuracy is None
    assert run.val_accuracy is None


def test_provenance_says_what_it_is(bench: OfficialBenchmark) -> None:
    assert bench.provenance["kind"] == "imported"
    assert bench.provenance["task"] == "cifar10"
    assert bench.provenance["degree"] == 4
    assert bench.provenance["hidden_width"] == 64
    assert bench.provenance["members"] == {
        "curve": 3,
        "energy": 1,
        "inference_energy": 1,
        "runtime": 1,
    }
    assert len(bench.provenance["sources"]) == 6
    assert any("Wh" in note for note in bench.provenance["notes"])
