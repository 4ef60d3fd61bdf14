import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from surrogate.fitting.gaussian_process import fit_kernel
from surrogate.models.gaussian_process import Kernel


@pytest.fixture(scope="module")
def learnt():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(40), rng.uniform(size=(40, 2)) * [1.0, 50.0]])
    Y = np.column_stack([np.sin(3.0 * X[:, 1]), 100.0 + X[:, 2]])
    return X, Y, fit_kernel(X, Y, like=[0, 1])


def test_predicts_what_scikit_learn_predicts(learnt):
    X, Y, kernel = learnt
    spread = X[:, 1:].std(axis=0)
    lengths = kernel.length[1:] / spread
    new = np.column_stack([np.ones(300), np.random.default_rng(1).uniform(size=(300, 2))])
    new[:, 2] *= 50.0
    # Whatever variance and noise were learnt, the mean is a combination of the same functions.
    process = GaussianProcessRegressor(
        ConstantKernel(1.0) * Matern(lengths, nu=2.5) + WhiteKernel(1e-3), optimizer=None
    ).fit(X[:, 1:] / spread, Y[:, 0])
    expected = process.predict(new[:, 1:] / spread)
    np.testing.assert_allclose(kernel.predict(new)[:, 0], expected, atol=0.05)
    np.testing.assert_allclose(kernel.predict(new)[:, 1], 100.0 + new[:, 2], atol=2.0)


def test_one_by_one_in_chunks_and_together_are_the_same(learnt, monkeypatch):
    X, _, kernel = learnt
    together = kernel.predict(X)
    np.testing.assert_allclose([kernel.predict(x[None])[0] for x in X], together, rtol=1e-9)
    monkeypatch.setattr("surrogate.models.gaussian_process._CELLS_PER_CHUNK", 100)
    np.testing.assert_allclose(kernel.predict(X), together, rtol=1e-9)


def test_survives_as_arrays(learnt):
    X, _, kernel = learnt
    again = Kernel.from_arrays(kernel.to_arrays())
    np.testing.assert_array_equal(again.predict(X), kernel.predict(X))


def test_refuses_arrays_that_do_not_fit(learnt):
    arrays = learnt[2].to_arrays()
    with pytest.raises(ValueError, match="lengths and weights"):
        Kernel.from_arrays({**arrays, "weight": arrays["weight"][1:]})
