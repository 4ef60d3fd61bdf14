import numpy as np
import pytest

from surrogate.models.cost_model import CostModel
from surrogate.models.gaussian_process import Kernel


def kernel():
    rng = np.random.default_rng(0)
    points, weight = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    return Kernel(points=points, length=np.ones(3), weight=weight, base=np.ones(2))


def test_it_is_the_sum_of_both():
    linear, X = np.arange(6.0).reshape(3, 2), np.random.default_rng(1).normal(size=(4, 3))
    model = CostModel(linear=linear, kernel=kernel())
    np.testing.assert_allclose(model.predict(X), X @ linear + kernel().predict(X))
    again = CostModel.from_arrays(model.to_arrays())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert (again.n_features, again.n_outputs) == (3, 2)


def test_shapes_fit_together():
    with pytest.raises(ValueError, match=r"must have shape \(3, 2\) but has \(2, 3\)"):
        CostModel(linear=np.ones((2, 3)), kernel=kernel())
