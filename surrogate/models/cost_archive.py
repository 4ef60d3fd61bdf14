"""Keeping costs learnt from measurements in arrays, beside a task's simulated ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from eahas_plugins.files import parse_arrays, write_json
from surrogate.cost_files import COSTS_ABOUT, COSTS_MODEL, told_with_costs
from surrogate.folder import read_verified
from surrogate.models.archive import write_arrays
from surrogate.models.benchmark import FittedBenchmark
from surrogate.models.consistency import check_model
from surrogate.models.cost_model import CostModel


def write_costs(folder: Path, model: CostModel, *, spread: float, about: Mapping[str, Any]) -> None:
    """Write both files; the folder's sums have to be written afterwards.

    Raises:
        OSError: If they cannot be written.
    """
    write_arrays(folder / COSTS_MODEL, {**model.to_arrays(), "spread": np.array(spread)})
    write_json(folder / COSTS_ABOUT, dict(about), indent=1)


def with_costs(bench: FittedBenchmark, folder: Path) -> FittedBenchmark:
    """The same task with energy, time and inference energy predicted from measurements.

    Raises:
        ValueError: If a file is missing, damaged or does not fit the task; the message names it.
    """
    path = folder / COSTS_MODEL
    provenance = told_with_costs(bench.provenance, folder)
    arrays = parse_arrays(read_verified(folder, COSTS_MODEL), path, not_finite={"length"})
    try:
        spread = float(arrays["spread"])
        found = replace(
            bench,
            cost_model=CostModel.from_arrays(arrays),
            noise=replace(bench.noise, cost_offset=spread, cost_jitter=spread),
            provenance=provenance,
        )
        check_model(found)
    except KeyError as error:
        raise ValueError(f"{path} lacks {error}: fit the costs again.") from None
    except (TypeError, ValueError, IndexError, ArithmeticError, MemoryError) as error:
        raise ValueError(
            f"{path} must hold costs of this task but does not: {error} Fit them again."
        ) from None
    return found
