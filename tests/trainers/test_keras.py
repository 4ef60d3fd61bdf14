"""With the real library, its backend being PyTorch."""

import keras
import numpy as np
import pytest

from eahas_plugins.bridges.keras import ReportTo
from tests.eahas_plugins.bridges.contract import Contract

pytestmark = pytest.mark.filterwarnings("ignore")  # the library's deprecations


class TestKeras(Contract):
    metric = "val_loss"

    def train(self, config, training, metric):
        keras.utils.set_random_seed(0)
        x = np.linspace(-1.0, 1.0, 32).reshape(-1, 1)
        model = keras.Sequential([keras.layers.Dense(1)])
        rate = 0.01 + 0.1 * config["x"]
        model.compile(keras.optimizers.Adam(rate), loss="mse")
        model.fit(
            x,
            2.0 * x,
            epochs=config["epochs"],
            initial_epoch=training.epochs,
            validation_data=(x, 2.0 * x),
            shuffle=False,
            verbose=0,
            callbacks=[ReportTo(training, metric)],
        )
