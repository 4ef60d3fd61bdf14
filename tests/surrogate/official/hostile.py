"""How a file that was damaged, or made to do harm, must be refused."""

import resource
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from surrogate.official.curve_file import read_curve_file
from surrogate.official.energy_file import read_energy_file
from surrogate.official.lightgbm_text import read_model
from tests.surrogate.models.test_two_encoder_network import random_arrays
from tests.surrogate.official.builders import (
    curve_file,
    energy_file,
    model_text,
    random_tree,
)

ARRAYS = random_arrays(np.random.default_rng(0), hidden=2, degree=3, dtype=np.float32)
CURVE = curve_file(ARRAYS)
TEXT = model_text([random_tree(np.random.default_rng(1), n_leaves=n) for n in (4, 6)])
ENERGY = energy_file(TEXT)


def read_energy(data: bytes) -> Any:
    model = read_energy_file(data)
    return read_model(model.text, n_features=26, n_trees=model.n_trees)


READERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "curve": (read_curve_file, CURVE),
    "curve-2": (read_curve_file, curve_file(ARRAYS, protocol=2)),
    "energy": (read_energy, ENERGY),
    "energy-3": (read_energy, energy_file(TEXT, protocol=3, aligned=False)),
}
each_reader = pytest.mark.parametrize("name", READERS)


def refused(read: Callable[[bytes], Any], data: bytes, match: str = r".") -> None:
    """A ValueError, without the process growing by more than the file explains."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=match):
        read(data)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < 60e6 + 12 * len(data)


def either(read: Callable[[bytes], Any], data: bytes) -> None:
    """Damage may go unnoticed (in a number), or is a ValueError; nothing else."""
    try:
        read(data)
    except ValueError:
        return
