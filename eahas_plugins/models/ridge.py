"""Least squares with penalties, which learns rows one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEW_FEATURES = 400
"""Up to here solving anew takes a few milliseconds."""
_MOST_ROWS = 128
"""So many rows correct an inverse before it is computed anew."""


class Ridge:
    """The coefficients c that minimise ||X c - y||^2 + sum of penalty c^2.

    Solving for them takes the third power of the features. Of many features, as the products of
    fifty numbers are, an inverse is kept in place, and rows that have come since correct it
    (Woodbury's identity), which takes the second power.

    Args:
        penalty: Of each feature, positive, shape (n_features,).

    References:
        Golub, Van Loan (2013), Matrix Computations, section 2.1.4 (Sherman-Morrison-Woodbury).
    """

    def __init__(self, penalty: Floats) -> None:
        self._gram, self._moment = np.diag(penalty), np.zeros(len(penalty))
        self._keeps_inverse = len(penalty) > _FEW_FEATURES
        self._coefficients: Floats | None = None
        self._inverse: Floats | None = None
        self._rows = np.empty((0, len(penalty)))  # since the inverse was computed
        self._turned = np.empty((len(penalty), 0))  # the inverse times these

    def add(self, rows: Floats, y: Floats) -> None:
        """Learn rows of shape (n, n_features) and what they are to give, of shape (n,)."""
        self._gram += rows.T @ rows
        self._moment += rows.T @ y
        self._coefficients = None
        if self._inverse is None or len(self._rows) + len(rows) > _MOST_ROWS:
            self._inverse = None
            return
        self._rows = np.concatenate([self._rows, rows])
        self._turned = np.concatenate([self._turned, self._inverse @ rows.T], axis=1)

    def coefficients(self, rows: Floats | None = None, y: Floats | None = None) -> Floats:
        """Those of what is learnt and, this once, of further rows; shape (n_features,)."""
        if rows is not None and y is not None and len(rows):
            return self._solved(rows, y)
        if self._coefficients is None:
            self._coefficients = self._solved(self._rows[:0], self._moment[:0])
        return self._coefficients

    def _solved(self, rows: Floats, y: Floats) -> Floats:
        moment = self._moment + rows.T @ y
        if not self._keeps_inverse:
            return np.asarray(np.linalg.solve(self._gram + rows.T @ rows, moment))
        inverse = self._inverse
        if inverse is None:
            inverse = self._inverse = np.asarray(np.linalg.inv(self._gram), dtype=np.float64)
            self._rows, self._turned = self._rows[:0], self._turned[:, :0]
        since = np.concatenate([self._rows, rows])
        turned = np.concatenate([self._turned, inverse @ rows.T], axis=1)
        start = inverse @ moment
        inner = np.eye(len(since)) + since @ turned
        return np.asarray(start - turned @ np.linalg.solve(inner, since @ start))
