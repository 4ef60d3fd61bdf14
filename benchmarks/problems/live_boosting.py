"""Boosted trees that predict a photograph's pixels, trained live: their error (RMSE).

The schedule is the number of rounds, twenty an epoch. Nothing else depends on it, so a short
training is the beginning of a longer one, but its best learning rate is larger. Energy grows with
the depth and the fineness of the trees.
"""

from __future__ import annotations

import pickle
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace, Float, Integer, OrdinalHyperparameter

from benchmarks.harness.bench import SCHEDULE
from benchmarks.harness.live import LiveTask
from benchmarks.problems._by_epochs import train_by_epochs
from eahas_plugins.targets import EnergyTraining
from eahas_plugins.targets.metric import Direction, metric_of

FIDELITIES = ("schedule", "cut", "continue")
PLAIN_IN_FULL = True
METRIC = "rmse"
DIRECTION: Direction = "minimize"
SCHEDULES = (2, 6, 18)
ROUNDS = 20
"""Rounds of boosting in an epoch."""
N_TRAIN, N_VAL, N_TEST = 5000, 2000, 2000
WORST = 255.0
"""Of an error in grey levels."""
_REACH = 3
"""Pixels to the left and right, and rows above, that a pixel is predicted from."""


@cache
def data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The pixels around, and the pixel, in grey levels; three bands of the photograph.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed, or Pillow, which reads the picture.
    """
    from sklearn.datasets import load_sample_image

    grey = load_sample_image("china.jpg").astype(np.float32).mean(axis=2)
    rng = np.random.default_rng(0)
    width = grey.shape[1]
    bands = ((0.0, 0.5, N_TRAIN), (0.5, 0.75, N_VAL), (0.75, 1.0, N_TEST))
    rows, columns = [], []
    for left, right, count in bands:  # no pixel of one band is seen from another
        low, high = int(left * width) + _REACH, int(right * width) - _REACH
        rows.append(rng.integers(_REACH, len(grey), size=count))
        columns.append(rng.integers(low, high, size=count))
    row, column = np.concatenate(rows), np.concatenate(columns)
    around = [(0, -step) for step in range(1, _REACH + 1)]
    around += [(-up, by) for up in range(1, _REACH + 1) for by in range(-_REACH, _REACH + 1)]
    x = np.stack([grey[row + up, column + by] for up, by in around], axis=1)
    return x, grey[row, column]


def space() -> ConfigurationSpace:
    """Trees and their training."""
    found = ConfigurationSpace(name="live-boosting")
    found.add(
        [
            Float("learning_rate", (0.01, 1.0), log=True),
            Integer("max_depth", (1, 10)),
            Float("min_child_weight", (1.0, 100.0), log=True),
            Float("reg_lambda", (1e-2, 100.0), log=True),
            Float("subsample", (0.3, 1.0)),
            Float("colsample_bytree", (0.2, 1.0)),
            Integer("max_bin", (16, 256), log=True),
            OrdinalHyperparameter(SCHEDULE, SCHEDULES, default_value=SCHEDULES[-1]),
        ]
    )
    return found


class Ensemble:
    """Trees, and where their training stands."""

    def __init__(self, config: dict[str, Any], seed: int) -> None:
        own = {name: value for name, value in config.items() if name != SCHEDULE}
        self._parameters = {
            **own,
            "tree_method": "hist",
            "nthread": 1,
            "seed": seed,
            "verbosity": 0,
        }
        self._raw: bytes | None = None
        self._live: tuple[Any, ...] | None = None

    def epoch(self, number: int) -> None:
        """Twenty rounds."""
        booster, train, _ = self._state()
        for step in range(ROUNDS):
            booster.update(train, ROUNDS * number + step)

    def values(self) -> tuple[float, float]:
        """Error on the validation and on the test band."""
        booster, _, held_out = self._state()
        wrong = booster.predict(held_out) - data()[1][N_TRAIN:]
        return float(np.sqrt((wrong[:N_VAL] ** 2).mean())), float(
            np.sqrt((wrong[N_VAL:] ** 2).mean())
        )

    def __getstate__(self) -> dict[str, Any]:
        raw = self._raw if self._live is None else pickle.dumps(self._live[0])
        return {"_parameters": self._parameters, "_raw": raw, "_live": None}

    def _state(self) -> tuple[Any, ...]:
        if self._live is None:
            import xgboost

            x, y = data()
            train = xgboost.DMatrix(x[:N_TRAIN], y[:N_TRAIN], nthread=1)
            held_out = xgboost.DMatrix(x[N_TRAIN:], nthread=1)
            if self._raw is None:
                booster = xgboost.Booster(self._parameters, [train, held_out])
            else:
                booster = pickle.loads(self._raw)
            self._live = (booster, train, held_out)
        return self._live


def train(config: dict[str, Any], training: EnergyTraining) -> dict[str, float] | None:
    """One training."""
    return train_by_epochs(
        Ensemble(config, training.seed % 2**31),
        training,
        n_epochs=config[SCHEDULE],
        name=METRIC,
        worst=WORST,
    )


def load(source: Path | None) -> LiveTask:
    """The task; ``source`` is not used.

    Raises:
        ModuleNotFoundError: If XGBoost or scikit-learn is not installed.
    """
    import xgboost  # noqa: F401 - before anything is measured

    x, y = data()
    return LiveTask(
        space=space(),
        train=train,
        metric=metric_of(METRIC, DIRECTION),
        worst=WORST,
        data_set=(
            "scikit-learn's china.jpg: a pixel from those to its left and above, "
            f"{N_TRAIN} to train, {N_VAL} to validate, {N_TEST} to test, each in a band of its own"
        ),
        data=x.tobytes() + y.tobytes(),
        packages=("scikit-learn", "xgboost"),
    )
