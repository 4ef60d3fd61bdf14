"""From official checkpoint files to a folder of plain arrays, and back to a benchmark."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.files import parse_arrays, path_argument, write_atomically
from surrogate.folder import (
    read_provenance,
    read_verified,
    write_provenance,
    write_sums,
)
from surrogate.models.ensemble import mean_of, side_by_side
from surrogate.models.trees import Trees
from surrogate.models.two_encoder_network import TwoEncoderNetwork
from surrogate.official.benchmark import COSTS, OfficialBenchmark
from surrogate.official.curve_file import read_curve_file
from surrogate.official.encoding import N_FEATURES, SCALED
from surrogate.official.energy_file import read_energy_file
from surrogate.official.folders import find_models, read_model_file
from surrogate.official.lightgbm_text import read_model
from surrogate.space.tasks import COLLECTED

FORMAT = "official"
FORMAT_VERSION = 1
DATASETS = COLLECTED

_ARRAYS = "arrays.npz"
_NETWORK = "network."
_TREES = ("feature", "threshold", "left", "right", "value", "roots", "base")
_DEGREES = range(3, 7)

_NOTES = (
    "test_accuracy is 1 - error / 100 of the exponential moving average of the weights on the test "
    "set; upstream models no training or validation curve",
    "energy_kwh is upstream's energy per epoch / 1000 times the epochs: upstream multiplies "
    "seconds by watts / 3600, which is Wh, and labels it kWh",
    "inference_energy_kwh is upstream's value / 1000 for the same reason",
    "every prediction is the mean over the ensemble's members",
    "wm is scaled over 2.5 .. 3.0 for both data sets, as upstream does: TinyImageNet's 1.5 is -2",
    "the group width is encoded as chosen, before it is fitted to the stage width",
    "where a curve passes an epoch outside -10 .. 100 % error, upstream's fallback y(0.5) is used",
    "where a curve passes an epoch several times, the place that upstream finds first is used",
    "accuracies are clipped to 0 .. 1 and negative energies and times to 0",
)

_NONE = np.zeros(0, np.int64)
_NO_TREES = Trees(
    feature=_NONE,
    threshold=np.zeros(0),
    left=_NONE,
    right=_NONE,
    value=np.zeros((0, 0)),
    roots=_NONE,
    base=np.zeros(0),
)

Value = TypeVar("Value")


def import_official(source: str | Path, out: str | Path, *, dataset: str) -> OfficialBenchmark:
    """Import a folder of official checkpoints, without executing anything that is in it.

    Args:
        source: The folder that holds ``ea_has_bench-v0.2`` and its siblings. Of the energy, the
            inference energy and the runtime model any may be missing: what it predicts is None.
        out: The folder to write, which must not exist or be empty. ``surrogate.load(out)`` reads
            it with numpy and ConfigSpace alone.
        dataset: ``"cifar10"`` or ``"tinyimagenet"``: the files do not say what they are for.

    Raises:
        ValueError: If a file cannot be read or is not what an official file is, or ``out`` is not
            empty.
        OSError: If ``out`` cannot be written.
    """
    if dataset not in DATASETS:
        raise ValueError(f"dataset must be one of {', '.join(DATASETS)} but got {dataset!r}.")
    out = path_argument("out", out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} must not exist or be an empty folder: choose another or empty it.")
    files = find_models(path_argument("source", source))
    contents = {role: [(path, read_model_file(path)) for path in files[role]] for role in files}
    network = _network(contents["curve"])
    costs = tuple(role for role in COSTS if role in contents)
    trees = _cost_trees([contents[role] for role in costs])
    provenance = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "kind": "imported",
        "task": dataset,
        "meter": "nvidia-smi, as published by EA-HAS-Bench (ICLR 2023)",
        "machine": "as published by EA-HAS-Bench (ICLR 2023)",
        "members": {role: len(members) for role, members in contents.items()},
        "degree": network.out_dim // 2,
        "hidden_width": network.hidden_width,
        "costs": list(costs),
        "notes": list(_NOTES),
        "sources": {
            "/".join(path.parts[-3:]): hashlib.sha256(data).hexdigest()
            for members in contents.values()
            for path, data in members
        },
    }
    benchmark = OfficialBenchmark(
        task=dataset, network=network, costs=costs, trees=trees, provenance=provenance
    )
    arrays: dict[str, NDArray[Any]] = {name: getattr(trees, name) for name in _TREES}
    arrays.update(network.to_arrays(prefix=_NETWORK))
    out.mkdir(parents=True, exist_ok=True)
    whole = io.BytesIO()
    np.savez(whole, **arrays)  # type: ignore[arg-type]
    write_atomically(out / _ARRAYS, whole.getvalue())
    # last, so that a folder whose writing was cut short is not taken for a whole one
    write_provenance(out, provenance)
    write_sums(out)
    return benchmark


def load_folder(path: str | Path) -> OfficialBenchmark:
    """The benchmark that :func:`import_official` wrote.

    Raises:
        ValueError: If the folder does not hold one, or a file in it is damaged.
    """
    path = path_argument("path", path)
    return _of_file(path, lambda: _load(path))


def _load(path: Path) -> OfficialBenchmark:
    provenance = read_provenance(path)
    if provenance["format"] != FORMAT or provenance.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"it must have been written by 'eahas import-official', version 1: {_REDO}"
        )
    task, costs = provenance.get("task"), provenance.get("costs")
    if task not in DATASETS or not isinstance(costs, list) or not _distinct(costs, COSTS):
        raise ValueError(f"its provenance must name a data set and what is predicted: {_REDO}")
    # A leaf is left of infinity.
    arrays = parse_arrays(read_verified(path, _ARRAYS), path / _ARRAYS, not_finite={"threshold"})
    try:
        trees = Trees(**{name: arrays[name] for name in _TREES})
    except (KeyError, TypeError, IndexError, ArithmeticError) as error:
        raise ValueError(f"its arrays must be trees ({error}): {_REDO}") from None
    network = TwoEncoderNetwork.from_arrays(arrays, prefix=_NETWORK)
    _check_network(network)
    if trees.n_outputs != len(costs) or trees.n_features > N_FEATURES:
        raise ValueError(f"its trees must predict {costs}: {_REDO}")
    return OfficialBenchmark(
        task=task, network=network, costs=tuple(costs), trees=trees, provenance=provenance
    )


def _distinct(names: Sequence[Any], known: Sequence[str]) -> bool:
    return all(name in known for name in names) and len({*names}) == len(names)


_REDO = "run 'eahas import-official' again."


def _network(files: Sequence[tuple[Path, bytes]]) -> TwoEncoderNetwork:
    members = [_of_file(path, partial(read_curve_file, data)) for path, data in files]
    for (path, _), member in zip(files, members, strict=True):
        shapes = {name: array.shape for name, array in member.items()}
        if shapes != {name: array.shape for name, array in members[0].items()}:
            raise ValueError(f"{path}: every member must have the same widths and degree.")
    stacked = {name: np.stack([member[name] for member in members]) for name in members[0]}
    network = _of_file(files[0][0], lambda: TwoEncoderNetwork.from_arrays(stacked))
    _of_file(files[0][0], lambda: _check_network(network))
    return network


def _check_network(network: TwoEncoderNetwork) -> None:
    n_architecture = network.layers[0][0].shape[1]
    if network.n_features != N_FEATURES or n_architecture != len(SCALED):
        raise ValueError(
            f"the network must see {len(SCALED)} + {N_FEATURES - len(SCALED)} numbers."
        )
    if network.n_endpoints != 2 or network.out_dim not in [2 * degree for degree in _DEGREES]:
        raise ValueError(
            f"the network must have 2 endpoints and 6, 8, 10 or 12 outputs but got "
            f"{network.n_endpoints} and {network.out_dim}."
        )


def _cost_member(data: bytes) -> Trees:
    model = read_energy_file(data)
    return read_model(model.text, n_features=N_FEATURES, n_trees=model.n_trees)


def _cost_trees(roles: Sequence[Sequence[tuple[Path, bytes]]]) -> Trees:
    """One forest with an output per role, so that a query walks all trees at once."""
    if not roles:
        return _NO_TREES
    return side_by_side(
        [
            mean_of([_of_file(path, partial(_cost_member, data)) for path, data in files])
            for files in roles
        ]
    )


def _of_file(path: Path, read: Callable[[], Value]) -> Value:
    """What ``read`` returns; its errors name the file."""
    try:
        return read()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
