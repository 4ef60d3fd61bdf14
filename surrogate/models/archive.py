"""Keeping a fitted benchmark in arrays."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.folder import read_provenance, read_verified
from surrogate.models.benchmark import FORMAT, CurveModel, FittedBenchmark, Noise
from surrogate.models.curve_network import CurveNetworks
from surrogate.models.gaussian_process import Kernel
from surrogate.models.trees import Trees
from surrogate.space.features import NAMES
from surrogate.space.tasks import get_task

MODEL = "model.npz"


def write_model(
    path: Path,
    *,
    forest: Trees,
    linear: NDArray[np.float64],
    curve_model: CurveModel | None,
    x: NDArray[np.float64] | None,
    floor: NDArray[np.float64],
    noise: Noise,
) -> None:
    """Write the learnt arrays; the same arrays always give the same bytes."""
    arrays = {
        **_named("forest", forest.to_arrays()),
        "linear": linear,
        **_curve_arrays(curve_model),
        "x": np.empty(0) if x is None else x,
        "floor": floor,
        "noise.n_members": np.array(noise.n_members),
        "noise.offset": np.array(noise.offset),
        "noise.cost_offset": np.array(noise.cost_offset),
        "noise.curve_jitter": noise.curve_jitter,
        "noise.cost_jitter": np.array(noise.cost_jitter),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
            # NumPy's own savez would write the time into the file.
            archive.writestr(_entry(f"{name}.npy"), buffer.getvalue())


def read_model(folder: Path) -> FittedBenchmark:
    """The fitted benchmark of a folder.

    Raises:
        ValueError: If a file is missing, damaged or does not hold one.
    """
    provenance = read_provenance(folder)
    read_verified(folder, "provenance.json")
    raw = read_verified(folder, MODEL)
    with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
        arrays: Mapping[str, Any] = dict(archive)
    try:
        get_task(provenance["task"])
        benchmark = FittedBenchmark(
            task=provenance["task"],
            curves=tuple(provenance["curves"]),
            costs=tuple(provenance["costs"]),
            degree=int(provenance["degree"]),
            forest=Trees.from_arrays(_part("forest", arrays)),
            linear=arrays["linear"],
            curve_model=_curve_model(arrays),
            x=arrays["x"] if len(arrays["x"]) else None,
            floor=arrays["floor"],
            noise=Noise(
                n_members=int(arrays["noise.n_members"]),
                offset=float(arrays["noise.offset"]),
                cost_offset=float(arrays["noise.cost_offset"]),
                curve_jitter=arrays["noise.curve_jitter"],
                cost_jitter=float(arrays["noise.cost_jitter"]),
            ),
            provenance=provenance,
        )
        _check_shape(benchmark, folder)
        return benchmark
    except KeyError as error:
        raise ValueError(
            f"{folder} must hold a fitted benchmark ({FORMAT}) but lacks {error}: fit it again."
        ) from None


def _named(part: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{part}.{name}": array for name, array in arrays.items()}


def _part(part: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    start = f"{part}."
    return {n.removeprefix(start): array for n, array in arrays.items() if n.startswith(start)}


def _curve_arrays(model: CurveModel | None) -> dict[str, Any]:
    named = [_named(part, model.to_arrays()) for part, kind in _KINDS if isinstance(model, kind)]
    return named[0] if named else {}


def _curve_model(arrays: Mapping[str, Any]) -> CurveModel | None:
    for part, kind in _KINDS:
        if found := _part(part, arrays):
            return kind.from_arrays(found)
    return None


_KINDS: tuple[tuple[str, type[Kernel] | type[CurveNetworks]], ...] = (
    ("kernel", Kernel),
    ("network", CurveNetworks),
)


def _check_shape(benchmark: FittedBenchmark, folder: Path) -> None:
    wanted = (len(NAMES), benchmark.forest.n_outputs)
    if benchmark.linear.shape != wanted:
        raise ValueError(
            f"{folder}: linear must have shape {wanted} but has {benchmark.linear.shape}: it was "
            "fitted by another version, so fit it again."
        )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
