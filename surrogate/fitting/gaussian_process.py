"""Learning the lengths, the noise and the weights of a Gaussian process.

References:
    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning: the mean of the
    prediction (eq. 2.25) and the marginal likelihood that the lengths maximise (eq. 5.8).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogate.models.gaussian_process import Kernel

Floats = NDArray[np.float64]


def fit_kernel(
    X: Floats, targets: Floats, *, like: Sequence[int], most: int = 600, seed: int = 0
) -> Kernel:
    """One kernel for all outputs, whose lengths and noise maximise the likelihood of some.

    Needs scikit-learn.

    Args:
        X: Features of shape (n, n_features).
        targets: Array of shape (n, n_outputs).
        like: Columns of the targets whose likelihood counts.
        most: Lengths are learnt from at most so many trainings, which takes them cubed.
        seed: Seed of which.

    Raises:
        ImportError: If scikit-learn is not installed.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    spread = X.std(axis=0)
    used = spread > 0.0
    Z = X[:, used] / spread[used]
    base, scale = targets.mean(axis=0), np.maximum(targets.std(axis=0), 1e-9)
    y = (targets - base) / scale
    matern = Matern(np.full(Z.shape[1], 3.0), (1.0, 30.0), nu=2.5)
    prior = ConstantKernel(1.0, (0.1, 100.0)) * matern + WhiteKernel(0.1, (1e-3, 1.0))
    chosen = np.sort(np.random.default_rng(seed).permutation(len(Z))[:most])
    process = GaussianProcessRegressor(prior, random_state=seed)
    with warnings.catch_warnings():  # a feature that counts little has a length at its bound
        warnings.simplefilter("ignore", ConvergenceWarning)
        learnt = process.fit(Z[chosen], y[chosen][:, list(like)]).kernel_
    variance = math.exp(learnt.theta[0])
    # weight = (K + noise)^-1 y, eq. 2.25
    weight = np.linalg.solve(learnt(Z), y) * variance * scale  # the noise is on the diagonal
    length = np.full(X.shape[1], np.inf)
    length[used] = spread[used] * np.exp(learnt.theta[1:-1])
    return Kernel(points=X / length, length=length, weight=weight, base=base)
