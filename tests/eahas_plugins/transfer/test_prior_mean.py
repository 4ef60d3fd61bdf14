import numpy as np
import pytest

from eahas_plugins.models.gaussian_process import ArdProcess
from eahas_plugins.transfer.prior_mean import PriorMeanProcess

RNG = np.random.default_rng(0)
X, NEW = RNG.random((12, 3)), RNG.random((40, 3))
SLOPE = np.array([1.0, -2.0, 0.5])


def truth(x):
    return np.sin(6.0 * x[:, 0]) + x[:, 1] - 2.0 * (x[:, 2] - 0.5) ** 2


def with_feature(x, feature):
    return np.concatenate([x, feature[:, None]], axis=1)


def error(process, x, new):
    process.fit(x, truth(X))
    return float(np.sqrt(np.mean((process.predict(new)[0] - truth(NEW)) ** 2)))


def test_what_earlier_studies_say_is_used_where_it_is_true():
    plain = error(ArdProcess(3), X, NEW)
    process = PriorMeanProcess(4)
    told = error(process, with_feature(X, 0.3 * truth(X)), with_feature(NEW, 0.3 * truth(NEW)))
    assert told < 0.5 * plain
    assert 2.0 < process.factor < 3.5  # 1 / 0.3, less the doubt


@pytest.mark.parametrize("wrong", [lambda x: -truth(x), lambda x: np.zeros(len(x))])
def test_the_opposite_and_nothing_leave_a_plain_process(wrong):
    process = PriorMeanProcess(4)
    plain = ArdProcess(3)
    told = error(process, with_feature(X, wrong(X)), with_feature(NEW, wrong(NEW)))
    assert process.factor == 0.0
    assert told == pytest.approx(error(plain, X, NEW), rel=1e-6)


def test_what_agrees_by_chance_is_hardly_believed():
    parts = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        slopes = rng.normal(size=(8, 3))
        slopes -= np.outer(slopes @ SLOPE, SLOPE) / (SLOPE @ SLOPE)  # nothing in common with it
        x = rng.random((10, 3))
        values = x @ SLOPE + 0.1 * rng.normal(size=10)
        said = x @ slopes.T
        best = max(range(8), key=lambda i: np.corrcoef(said[:, i], values)[0, 1])
        process = PriorMeanProcess(4)
        process.fit(with_feature(x, said[:, best]), values)
        parts.append(process.factor * said[:, best].std() / values.std())
    assert np.mean(parts) < 0.1


def test_pending_points_are_taken_for_what_is_predicted():
    process = PriorMeanProcess(4)
    x = with_feature(X, truth(X))
    process.fit(x, truth(X))
    pending = with_feature(NEW, truth(NEW))[:3]
    mean, deviation = process.predict(pending)
    process.fantasise(pending)
    after = process.predict(pending)
    np.testing.assert_allclose(after[0], mean, atol=1e-2)
    assert (after[1] < deviation).all()
