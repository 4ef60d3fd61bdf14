import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from surrogate.official import import_official, load_folder
from tests.surrogate.models.test_two_encoder_network import random_arrays
from tests.surrogate.official.builders import curve_file, write_checkpoints, write_model


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_checkpoints(tmp_path / "in", n_members=2)
    return tmp_path / "in"


def refused(source: Path, message: str, *, dataset: str = "cifar10") -> None:
    out = source.parent / "out"
    with pytest.raises(ValueError, match=message):
        import_official(source, out, dataset=dataset)
    assert not out.exists()


def test_the_data_set_must_be_one_of_two(source: Path) -> None:
    refused(
        source,
        "dataset must be one of cifar10, tinyimagenet but got 'imagenet'",
        dataset="imagenet",
    )


def test_a_missing_or_empty_folder_is_refused(source: Path) -> None:
    refused(source / "nowhere", "must be a folder of official checkpoints")
    shutil.rmtree(source / "ea_has_bench-v0.2")
    refused(source, "must hold a learning-curve model")


def test_a_folder_with_something_in_it_is_not_written_to(source: Path) -> None:
    out = source.parent / "full"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    with pytest.raises(ValueError, match="must not exist or be an empty folder"):
        import_official(source, out, dataset="cifar10")
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_two_models_of_one_role_are_refused(source: Path) -> None:
    shutil.copytree(source / "ea_has_bench-v0.2", source / "older")
    refused(source, "one model per role")


def test_members_must_fit_each_other(source: Path) -> None:
    member = source / "ea_has_bench-v0.2" / "ensemble_member_1" / "surrogate_model.model"
    arrays = random_arrays(np.random.default_rng(0), hidden=3, degree=4, dtype=np.float32)
    member.write_bytes(curve_file(arrays))
    refused(source, "every member must have the same widths")


def test_members_are_taken_in_numerical_order(tmp_path: Path) -> None:
    arrays = random_arrays(np.random.default_rng(0), hidden=2, degree=3, dtype=np.float32)
    files = []
    for i in range(11):
        arrays["endpoints.bias"] = np.full(2, i, dtype=np.float32)
        files.append(curve_file(arrays))
    write_model(tmp_path / "model", files, model="bezier_nn_STAR")
    bench = import_official(tmp_path / "model", tmp_path / "out", dataset="cifar10")
    assert bench.network.layers[5][1][:, 0, 0].tolist() == list(range(11))
    run = bench.query(bench.space.get_default_configuration())
    assert run.energy_kwh is None


def test_numbers_that_are_not_finite_are_refused(source: Path) -> None:
    arrays = random_arrays(np.random.default_rng(0), hidden=8, degree=4, dtype=np.float32)
    arrays["hidden1.weight"][0, 0] = np.nan
    for i in range(2):
        path = source / "ea_has_bench-v0.2" / f"ensemble_member_{i}" / "surrogate_model.model"
        path.write_bytes(curve_file(arrays))
    refused(source, "hidden1.weight must hold finite")


def test_weights_whose_output_overflows_are_refused_when_queried(tmp_path: Path) -> None:
    arrays = random_arrays(np.random.default_rng(0), hidden=4, degree=4, dtype=np.float32)
    for name in ("architecture", "hidden0", "hidden1", "hidden2", "inner"):
        arrays[f"{name}.weight"] = np.full_like(arrays[f"{name}.weight"], 1e30)
    write_model(tmp_path / "model", [curve_file(arrays)], model="bezier_nn_STAR")
    bench = import_official(tmp_path / "model", tmp_path / "out", dataset="cifar10")
    with pytest.raises(ValueError, match="must give control points below"):
        bench.query(bench.space.get_default_configuration())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", 'must have "model"'),
        ("[1]", "must be a JSON object"),
        ("{", "must be JSON"),
        ("[" * 100_000, "must be nested at most 64 deep"),
        ('{"model": "lgb_E"}', "must contain trainE, testE or runtime"),
    ],
)
def test_a_malformed_model_config_is_refused(source: Path, content: str, message: str) -> None:
    (source / "ea_has_bench-v0.2" / "model_config.json").write_text(content)
    refused(source, message)


def test_errors_name_the_file(source: Path) -> None:
    path = source / "ea_has_bench-runtime-v0.1" / "ensemble_member_0" / "surrogate_model.model"
    path.write_bytes(path.read_bytes()[:500])
    refused(source, "ea_has_bench-runtime-v0.1/ensemble_member_0/surrogate_model.model: a frame")


def test_a_pipe_or_a_huge_file_is_refused_without_reading_it(source: Path) -> None:
    path = source / "ea_has_bench-runtime-v0.1" / "ensemble_member_0" / "surrogate_model.model"
    path.unlink()
    os.mkfifo(path)
    refused(source, "must be a regular file")
    path.unlink()
    with path.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    refused(source, "at most 64 MiB")


def test_a_member_that_is_there_twice_is_refused(source: Path) -> None:
    curves = source / "ea_has_bench-v0.2"
    shutil.copytree(curves / "ensemble_member_0", curves / "ensemble_member_00")
    refused(source, "ensemble_member_0 and ensemble_member_00 have the same number")


@pytest.mark.parametrize(
    "name",
    [
        "ea_has_bench-v0.2",
        "ea_has_bench-v0.2/model_config.json",
        "ea_has_bench-runtime-v0.1/ensemble_member_0/surrogate_model.model",
    ],
)
def test_what_may_not_be_read_is_a_value_error_that_names_it(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        Path(folder).chmod(0o755)
        source = Path(folder, "in")
        write_checkpoints(source, n_members=2)
        (source / name).chmod(0)
        user = os.geteuid()
        if user == 0:  # who may read everything
            os.seteuid(65534)
        try:
            refused(source, f"{name}.* must be readable but is not")
        finally:
            os.seteuid(user)
            (source / name).chmod(0o755)


def test_a_damaged_import_is_refused(source: Path) -> None:
    out = source.parent / "imported"
    import_official(source, out, dataset="cifar10")
    raw = (out / "arrays.npz").read_bytes()
    (out / "arrays.npz").write_bytes(raw[:-10])
    with pytest.raises(ValueError, match="damaged or was edited"):
        load_folder(out)
    (out / "arrays.npz").write_bytes(raw)
    provenance = json.loads((out / "provenance.json").read_text())
    (out / "provenance.json").write_text(json.dumps({**provenance, "task": "other"}))
    with pytest.raises(ValueError, match="damaged or was edited"):
        load_folder(out)


@pytest.mark.parametrize(("n_endpoints", "n_inner"), [(3, 5), (2, 5), (2, 2), (1, 7), (4, 4)])
def test_a_network_that_is_not_of_one_curve_is_refused(
    tmp_path: Path, n_endpoints: int, n_inner: int
) -> None:
    arrays = random_arrays(np.random.default_rng(0), hidden=3, degree=4, dtype=np.float32)
    for name, n_outputs in (("endpoints", n_endpoints), ("inner", n_inner)):
        arrays[f"{name}.weight"] = np.zeros((n_outputs, 3), dtype=np.float32)
        arrays[f"{name}.bias"] = np.zeros(n_outputs, dtype=np.float32)
    source = tmp_path / "model"
    write_model(source, [curve_file(arrays)], model="bezier_nn_STAR")
    refused(source, "by 6, 8, 10 or 12 outputs|2 endpoints")
