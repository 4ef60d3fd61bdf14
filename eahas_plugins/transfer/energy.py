"""Which configurations are dear, as earlier studies say: up to a factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eahas_plugins.models.kwh import Choice, Column, KwhModel
from eahas_plugins.transfer.study import EarlierStudy, fitted, is_number

Floats = NDArray[np.float64]

_STUDY = "earlier study"
_MOST_TRIALS = 100
_LEAST_TRIALS = 10


class EnergyPrior:
    """A regression of log kWh over the trials of all earlier studies, with a level for each.

    Args:
        studies: The studies.
        columns: The parameters.
        fidelity_param: The parameter that is the length of a training, which may be one of the
            columns; what SMAC and HpBandSter call budget counts as its value.
    """

    def __init__(
        self,
        studies: Sequence[EarlierStudy],
        columns: Mapping[str, Column],
        *,
        fidelity_param: str | None = None,
    ) -> None:
        known = []
        names = []
        for number, study in enumerate(studies):
            seen = [t for t in study.trials if t.energy_kwh is not None]
            kept = np.linspace(0, len(seen) - 1, min(len(seen), _MOST_TRIALS)).round()
            names.append(f"study {number}")
            for trial in (seen[place] for place in kept.astype(np.intp)):
                config = dict(trial.config)
                if trial.length is not None and fidelity_param is not None:
                    config.setdefault(fidelity_param, trial.length)
                known.append(
                    ({**fitted(config, columns), _STUDY: names[-1]}, trial.energy_kwh or 0.0)
                )
        self.columns = dict(columns)
        self._model: KwhModel | None = None
        if len(known) >= _LEAST_TRIALS:
            self._model = KwhModel({**columns, _STUDY: Choice(values=tuple(names))})
            self._model.add_many(known)

    @property
    def ready(self) -> bool:
        """Whether the earlier studies know enough energies."""
        return self._model is not None

    def log_kwh(self, encoded: Mapping[str, ArrayLike]) -> Floats:
        """Log energies up to a common constant, of shape (n_configs,).

        Args:
            encoded: Values of numbers and positions of choices of the columns; NaN if absent.

        Raises:
            RuntimeError: If it is not ``ready``.
        """
        if self._model is None:
            raise RuntimeError("earlier studies must know ten energies but do not: ask `ready`.")
        return self._model.predict_encoded(
            {name: encoded[name] for name in self.columns if name in encoded}
        )


class EarlierKwhModel(KwhModel):
    """The energies of a study that begins with what earlier ones say.

    It learns by what factor its own energies differ from theirs, and predicts from the start.

    Args:
        columns: The parameters of the study.
        prior: What earlier studies say of the same parameters.
    """

    def __init__(self, columns: Mapping[str, Column], prior: EnergyPrior) -> None:
        super().__init__(columns)
        self._prior = prior

    @property
    def ready(self) -> bool:
        """Always, if earlier studies are."""
        return self._prior.ready or super().ready

    def add_many(self, observations: Sequence[tuple[Mapping[str, Any], float]]) -> None:
        """Learn finished trials by what their energies are more than expected."""
        super().add_many(self._beyond(observations))

    def predict_encoded(
        self,
        encoded: Mapping[str, ArrayLike],
        *,
        running: Sequence[tuple[Mapping[str, Any], float]] = (),
    ) -> Floats:
        """Log of the expected energies; see `KwhModel`."""
        beyond = super().predict_encoded(encoded, running=self._beyond(running))
        return beyond + self._prior.log_kwh(encoded) if self._prior.ready else beyond

    def predictor(
        self, *, running: Sequence[tuple[Mapping[str, Any], float]] = ()
    ) -> Callable[[Mapping[str, ArrayLike]], Floats]:
        """`predict_encoded` for many calls; see `KwhModel`."""
        beyond = super().predictor(running=self._beyond(running))
        if not self._prior.ready:
            return beyond
        return lambda encoded: beyond(encoded) + self._prior.log_kwh(encoded)

    def _beyond(
        self, observations: Sequence[tuple[Mapping[str, Any], float]]
    ) -> list[tuple[Mapping[str, Any], float]]:
        known = [(dict(config), kwh) for config, kwh in observations if is_number(kwh) and kwh > 0]
        if not (known and self._prior.ready):
            return list(observations)
        expected = self._prior.log_kwh(self.encode([config for config, _ in known]))
        with np.errstate(over="ignore"):  # what is beyond all numbers teaches nothing
            ratios = np.exp(np.log([kwh for _, kwh in known]) - expected)
        return [(config, float(r)) for (config, _), r in zip(known, ratios, strict=True)]
