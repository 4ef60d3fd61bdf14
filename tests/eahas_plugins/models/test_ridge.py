"""Coefficients that are corrected are those that are solved for anew."""

import numpy as np
import pytest

from eahas_plugins.models.kwh import KwhModel, Number
from eahas_plugins.models.ridge import Ridge


def by_definition(penalty, x, y):
    root = np.sqrt(penalty)
    stacked = np.concatenate([x, np.diag(root)])
    return np.linalg.lstsq(stacked, np.append(y, np.zeros(len(root))), rcond=None)[0]


@pytest.mark.parametrize("n_features", [5, 450])
def test_the_coefficients_are_those_of_all_rows(n_features):
    rng = np.random.default_rng(0)
    penalty = np.append(1e-9, rng.choice([0.3, 3.0], n_features - 1))
    x = np.column_stack([np.ones(400), rng.uniform(-1.0, 1.0, (400, n_features - 1))])
    y = x[:, 1] - x[:, 2] + 0.1 * rng.standard_normal(400)
    ridge, n = Ridge(penalty), 0
    for more in [20, *[1] * 60, 90, 3, 150]:  # beyond what one inverse is corrected for
        ridge.add(x[n : n + more], y[n : n + more])
        n += more
        if more > 1 or n == 50:
            expected = by_definition(penalty, x[:n], y[:n])
            np.testing.assert_allclose(ridge.coefficients(), expected, atol=1e-6)
    with_some = ridge.coefficients(x[n : n + 4], y[n : n + 4])
    np.testing.assert_allclose(with_some, by_definition(penalty, x[: n + 4], y[: n + 4]), atol=1e-6)
    np.testing.assert_allclose(
        ridge.coefficients(), by_definition(penalty, x[:n], y[:n]), atol=1e-6
    )


def test_energies_of_fifty_numbers_are_not_solved_for_anew_at_every_trial(monkeypatch):
    columns = {f"x{i}": Number(low=0.0, high=1.0) for i in range(50)}
    rng = np.random.default_rng(0)
    data = [({n: float(rng.random()) for n in columns}, float(rng.random())) for _ in range(40)]
    model = KwhModel(columns)
    model.add_many(data[:20])
    model.predict_log_kwh([data[0][0]])
    largest = []
    solve = np.linalg.solve

    def seen(a, b):
        largest.append(len(a))
        return solve(a, b)

    monkeypatch.setattr(np.linalg, "solve", seen)
    for config, kwh in data[20:]:
        model.add(config, kwh)
        model.predict_log_kwh([config], running=[(config, kwh)] * 4)
    monkeypatch.undo()
    assert max(largest) < 50
    anew = KwhModel(columns)
    anew.add_many(data)
    configs = [config for config, _ in data]
    np.testing.assert_allclose(
        model.predict_log_kwh(configs), anew.predict_log_kwh(configs), atol=1e-7
    )
