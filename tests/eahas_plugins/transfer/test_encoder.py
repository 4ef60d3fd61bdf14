import math

import numpy as np

from eahas_plugins.models.kwh import Choice, Number
from eahas_plugins.transfer.encoder import Encoder

COLUMNS = {
    "lr": Number(low=1e-4, high=1.0, log=True),
    "batch": Choice(values=(64, 16, 32)),
    "kind": Choice(values=("a", None, "c")),
    "constant": Number(low=3, high=3),
}


def test_features():
    encoder = Encoder(COLUMNS)
    configs = [{"lr": 1e-2, "batch": 16, "kind": None, "constant": 3}, {"lr": 7.0, "kind": "z"}]
    encoded = encoder.encode(configs)
    assert encoded["batch"][0] == 1.0
    assert encoded["lr"].tolist() == [1e-2, 1.0]
    assert np.isnan([encoded["batch"][1], encoded["kind"][1], encoded["constant"][1]]).all()
    one = 1.0 / math.sqrt(2.0)
    np.testing.assert_allclose(
        encoder.features(encoded, 2), [[0.5, 1 / 6, 0, one, 0, 0.5], [1.0, 0.5, 0, 0, 0, 0.5]]
    )


def test_columns_that_are_missing_count_as_absent():
    assert Encoder(COLUMNS).features({}, 2).tolist() == [[0.5, 0.5, 0, 0, 0, 0.5]] * 2
    assert Encoder({}).features({}, 2).shape == (2, 0)
