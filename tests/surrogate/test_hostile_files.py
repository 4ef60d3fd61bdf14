"""Whatever is in a file: a ValueError that names it, or a benchmark that answers."""

import contextlib
import gzip
import io
import json
import random
import shutil
import zipfile

import numpy as np
import pytest

import surrogate
from surrogate.folder import write_sums
from surrogate.official import import_official
from surrogate.record_files import read_records
from surrogate.table import TableBenchmark
from tests.surrogate import made_up, mutations
from tests.surrogate.official import builders

CURVES = ("train_accuracy", "val_accuracy", "test_accuracy", "energy_kwh", "runtime_s")
LINES = [r.to_json() for r in made_up.records(3, 1)]


@pytest.fixture(scope="module")
def imported_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("official")
    builders.write_checkpoints(folder / "in", n_members=2)
    import_official(folder / "in", folder / "out", dataset="cifar10")
    return folder / "out"


def refused(read):
    """Whether it is a ValueError; anything else fails the test."""
    with mutations.bounded_memory():
        try:
            read()
        except ValueError:
            return True
    return False


def asked(bench):
    config = bench.space.get_default_configuration()
    for run in (bench.query(config), *bench.query_many([config, config], seed=1)):
        for name in CURVES:
            curve = getattr(run, name)
            assert curve is None or np.isfinite(curve).all(), name


def changed_arrays(raw, rng):
    """One array of an archive replaced by one of another shape, type or value."""
    with np.load(io.BytesIO(raw)) as file:
        arrays = dict(file)
    name = rng.choice(list(arrays))
    array = arrays[name]
    with np.errstate(all="ignore"):
        arrays[name] = rng.choice(
            [
                array.reshape(-1)[:-1] if array.size else np.ones(3),
                array.astype(np.float64) * rng.choice([-1.0, 1e300, 1e6]),
                np.full_like(array, 255, dtype=np.uint8),
                np.where(array > 0, np.nan, array),
                np.array(2**40),
                np.empty((0, 3)),
                array.astype(np.int64) + 1,
                array[None],
                array.astype("U9"),
            ]
        )
    if rng.random() < 0.1:
        del arrays[name]
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore")  # NumPy and zipfile warn of some damage before they fail
@pytest.mark.parametrize("kind", ["fitted", "imported"])
def test_folders_with_hashes_made_good(kind, fitted_folder, imported_folder, tmp_path):
    good = fitted_folder if kind == "fitted" else imported_folder
    arrays = "model.npz" if kind == "fitted" else "arrays.npz"
    raw = (good / arrays).read_bytes()
    provenance = json.loads((good / "provenance.json").read_text())
    rng = random.Random(kind)
    n_refused, n_rounds = 0, 300
    for _ in range(n_rounds):
        folder = tmp_path / "copy"
        shutil.copytree(good, folder)
        which = rng.randrange(4)
        if which == 0:
            (folder / arrays).write_bytes(mutations.bytes_of(raw, rng))
        elif which == 1:
            (folder / arrays).write_bytes(changed_arrays(raw, rng))
        elif which == 2:
            text = mutations.text_of(mutations.value_of(provenance, rng))
            (folder / "provenance.json").write_bytes(text)
        else:
            whole = (folder / "provenance.json").read_bytes()
            (folder / "provenance.json").write_bytes(mutations.bytes_of(whole, rng))
        write_sums(folder)
        n_refused += refused(lambda at=folder: asked(surrogate.load(at)))
        shutil.rmtree(folder)
    assert n_refused > n_rounds / 3


def table_of(path):
    table = TableBenchmark.from_records(read_records(path).records)
    for row in table.records[:3]:
        table.query(row.config)
        with contextlib.suppress(ValueError):
            table.query({**row.config, next(iter(row.config)): 0.123})


@pytest.mark.parametrize("name", ["runs.jsonl", "runs.jsonl.gz"])
def test_record_files(name, tmp_path):
    path = tmp_path / name
    rng = random.Random(name)
    n_refused = 0
    for _ in range(400):
        lines = [mutations.value_of(line, rng) if rng.random() < 0.3 else line for line in LINES]
        raw = b"\n".join(map(mutations.text_of, lines)) + b"\n"
        if rng.random() < 0.5:
            raw = mutations.bytes_of(raw, rng)
        if path.suffix == ".gz":
            raw = gzip.compress(raw)
            raw = mutations.bytes_of(raw, rng) if rng.random() < 0.3 else raw
        path.write_bytes(raw)
        n_refused += refused(lambda: table_of(path))
    assert n_refused > 100


def test_records_that_are_given():
    rng = random.Random(0)
    for _ in range(400):
        lines = [mutations.value_of(line, rng) if rng.random() < 0.5 else line for line in LINES]
        given = rng.choice([lines, lines, lines, *mutations.HOSTILE])
        refused(lambda given=given: TableBenchmark.from_records(given).space)


def test_a_bomb_of_records_is_refused(tmp_path):
    path = tmp_path / "runs.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        for _ in range(200):
            file.write(b" " * (1 << 20))
    assert refused(lambda: read_records(path))


def test_provenance_is_parsed_only_when_its_hash_is_good(fitted_folder, tmp_path):
    folder = shutil.copytree(fitted_folder, tmp_path / "copy")
    (folder / "provenance.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match=r"provenance\.json is damaged or was edited"):
        surrogate.load(folder)


@pytest.mark.parametrize("raw", [b"no zip", b"", b"PK\x05\x06" + b"\0" * 18])
def test_a_model_that_is_no_archive_names_the_file(raw, fitted_folder, tmp_path):
    folder = shutil.copytree(fitted_folder, tmp_path / "copy")
    (folder / "model.npz").write_bytes(raw)
    write_sums(folder)
    with pytest.raises(ValueError, match=r"copy"):
        surrogate.load(folder)


def test_a_forest_of_a_trillion_trees_is_refused(fitted_folder, tmp_path):
    folder = shutil.copytree(fitted_folder, tmp_path / "copy")
    with np.load(folder / "model.npz") as file:
        arrays = dict(file)
    np.savez(folder / "model.npz", **{**arrays, "forest.n_trees": np.array(2**40)})
    write_sums(folder)
    with mutations.bounded_memory(), pytest.raises(ValueError, match=r"model\.npz .*trees"):
        surrogate.load(folder)


def test_a_header_of_a_trillion_numbers_is_refused(fitted_folder, tmp_path):
    folder = shutil.copytree(fitted_folder, tmp_path / "copy")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    )
    with zipfile.ZipFile(folder / "model.npz", "w") as archive:
        archive.writestr("linear.npy", header.getvalue())
    write_sums(folder)
    with mutations.bounded_memory(), pytest.raises(ValueError, match=r"model\.npz: linear"):
        surrogate.load(folder)
