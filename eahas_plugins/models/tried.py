"""Which configurations have been tried."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Tried:
    """Configurations that are not to be repeated, for many questions which are among them.

    What one did not have makes no difference.

    Args:
        values: Internal values, shape (n, n_parameters); NaN for what a configuration does not
            have. One that has nothing has not told anything yet.
        countable: Whether two values of a parameter are the same or not the same. Otherwise they
            are the same but for rounding, and all pairs must be compared.
    """

    def __init__(self, values: Floats, *, countable: bool) -> None:
        values = values[~np.isnan(values).all(axis=1)]
        self._values, self._countable = values, countable
        self._keys: list[tuple[NDArray[np.intp], set[bytes]]] = []
        if countable and len(values):
            places: dict[bytes, list[int]] = {}
            for place, key in enumerate(_rows(np.isnan(values))):
                places.setdefault(key, []).append(place)
            for alike in places.values():  # they have the same parameters
                present = np.flatnonzero(~np.isnan(values[alike[0]]))
                self._keys.append((present, set(_rows(values[alike][:, present]))))
        # few pairs agree in the parameter of most values, and only these are compared in the others
        self._columns = sorted(
            range(0 if countable else values.shape[1]),
            key=lambda column: -len(np.unique(values[:, column])),
        )

    def __call__(self, values: Floats) -> NDArray[np.bool_]:
        """Which of these are among them, by values of all parameters; shape (n,)."""
        found = np.zeros(len(values), dtype=bool)
        if self._countable:
            for present, keys in self._keys:
                found |= [row in keys for row in _rows(values[:, present])]
            return found
        first, *rest = self._columns
        known = self._values
        i, j = np.nonzero(_agree(values[:, first, None], known[:, first]))
        for column in rest:
            kept = _agree(values[i, column], known[j, column])
            i, j = i[kept], j[kept]
        found[i] = True
        return found


def _rows(values: NDArray[Any]) -> list[bytes]:
    """Each row as bytes, which are the same where its values are."""
    rows = np.ascontiguousarray(values) + 0.0  # no -0.0
    text, width = rows.tobytes(), rows.itemsize * rows.shape[1]
    return [text[at : at + width] for at in range(0, len(text), width)]


def _agree(values: Floats, known: Floats) -> NDArray[np.bool_]:
    """Which values are the known ones but for rounding; an unknown one is any."""
    return np.asarray((np.abs(values - known) <= 1e-9 * np.abs(known)) | np.isnan(known))
