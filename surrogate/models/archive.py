"""Keeping a fitted benchmark in arrays."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.files import parse_arrays, write_atomically
from surrogate.folder import PROVENANCE, read_provenance, read_verified
from surrogate.models.benchmark import FORMAT, VERSION, CurveModel, FittedBenchmark, Noise
from surrogate.models.consistency import check_model
from surrogate.models.curve_network import CurveNetworks
from surrogate.models.gaussian_process import Kernel
from surrogate.models.trees import Trees

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
    """Write the learnt arrays; the same arrays always give the same bytes.

    Raises:
        OSError: If the file cannot be written.
    """
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
    write_arrays(path, arrays)


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write named arrays; the same arrays always give the same bytes.

    Raises:
        OSError: If the file cannot be written.
    """
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
            # NumPy's own savez would write the time into the file.
            archive.writestr(_entry(f"{name}.npy"), buffer.getvalue())
    write_atomically(path, whole.getvalue())


def read_model(folder: Path) -> FittedBenchmark:
    """The fitted benchmark of a folder.

    Raises:
        ValueError: If a file is missing, damaged or does not hold one; the message names it.
    """
    provenance = read_provenance(folder)
    path = folder / MODEL
    if (version := provenance.get("version")) != VERSION or isinstance(version, bool):
        raise ValueError(
            f"{folder / PROVENANCE}: version must be {VERSION} but is {version!r}: fit the folder "
            "again, or upgrade with pip install -U eahas-plugins."
        )
    # The lengths of features that do not count are infinite.
    arrays = parse_arrays(read_verified(folder, MODEL), path, not_finite={"kernel.length"})
    try:
        benchmark = _benchmark(provenance, arrays)
        check_model(benchmark)
        return benchmark
    except KeyError as error:
        raise ValueError(
            f"{folder} must hold a fitted benchmark ({FORMAT}) but lacks {error}: fit it again."
        ) from None
    except (TypeError, ValueError, IndexError, ArithmeticError, MemoryError) as error:
        raise ValueError(
            f"{path} must hold a model that fits together but does not: {error} Fit it again."
        ) from None


def _benchmark(provenance: Mapping[str, Any], arrays: Mapping[str, Any]) -> FittedBenchmark:
    degree = provenance["degree"]
    if type(degree) is not int or not isinstance(provenance["task"], str):
        raise ValueError("degree must be an integer and task a name.")
    for name in ("curves", "costs"):
        if not isinstance(provenance[name], list):
            raise ValueError(f"{name} must be a list of names.")
    return FittedBenchmark(
        task=provenance["task"],
        curves=tuple(provenance["curves"]),
        costs=tuple(provenance["costs"]),
        degree=degree,
        forest=Trees.from_arrays(_part("forest", arrays)),
        linear=arrays["linear"],
        curve_model=_curve_model(arrays),
        x=arrays["x"] if arrays["x"].size else None,
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


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
