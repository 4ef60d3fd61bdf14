"""Several earlier studies, and what they say before a new one begins."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.models.kwh import Column
from eahas_plugins.transfer.encoder import Encoder
from eahas_plugins.transfer.energy import EnergyPrior
from eahas_plugins.transfer.model import StudyModel
from eahas_plugins.transfer.portfolio import portfolio
from eahas_plugins.transfer.study import EarlierStudy, fitted, joined
from eahas_plugins.transfer.value_prior import ValuePrior, ranked_right

Floats = NDArray[np.float64]

_log = logging.getLogger(__name__)


class EarlierStudies:
    """Studies to learn from. Models of them are made when they are first needed, once.

    Example:
        >>> from eahas_plugins.models.kwh import Number
        >>> from eahas_plugins.transfer import EarlierStudies, EarlierStudy, EarlierTrial
        >>> trials = [
        ...     EarlierTrial(config={"width": w}, value=abs(w - 40), energy_kwh=0.01 * w)
        ...     for w in range(4, 65, 4)
        ... ]
        >>> study = EarlierStudy(
        ...     name="digits",
        ...     maximize=False,
        ...     parameters={"width": Number(low=1, high=64)},
        ...     trials=trials,
        ... )
        >>> earlier = EarlierStudies([study])
        >>> 32 <= earlier.portfolio()[0]["width"] <= 44
        True
        >>> dear, cheap = earlier.relative_kwh([{"width": 64}, {"width": 8}])
        >>> bool(6.0 < dear / cheap < 10.0)
        True

    Args:
        studies: The studies; those without trials, or without parameters but the length, are left
            out.
        fidelity_param: The parameter that is the length of a training; None if there is none.
    """

    def __init__(
        self, studies: Sequence[EarlierStudy], *, fidelity_param: str | None = None
    ) -> None:
        self.studies = tuple(study for study in studies if _has_choice(study, fidelity_param))
        self.fidelity_param = fidelity_param
        self._portfolio: list[Mapping[str, Any]] | None = None
        self._energies: EnergyPrior | None = None
        self._models: tuple[str, list[StudyModel]] = ("", [])

    def __getstate__(self) -> dict[str, Any]:
        return {"studies": self.studies, "fidelity_param": self.fidelity_param}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __len__(self) -> int:
        return len(self.studies)

    @property
    def parameters(self) -> dict[str, Column]:
        """All parameters, each with the range or the choices of all studies."""
        names = {name: None for study in self.studies for name in study.parameters}
        return {
            name: joined([s.parameters[name] for s in self.studies if name in s.parameters])
            for name in names
        }

    def portfolio(self) -> list[Mapping[str, Any]]:
        """Configurations to begin with, best first: together they are good for most studies.

        Their length of training, if it is a parameter, is that of the trial they are from.
        """
        if self._portfolio is None and not self.studies:
            self._portfolio = []
        if self._portfolio is None:
            columns = self._columns
            energies = EnergyPrior(self.studies, columns)
            self._portfolio = portfolio(self.models_in(columns), Encoder(columns), energies)
        return self._portfolio

    def agreement(
        self, configs: Sequence[Mapping[str, Any]], rewards: Sequence[float]
    ) -> float | None:
        """Which part of the pairs of trainings all studies together rank right.

        Args:
            configs: Trainings of the same length.
            rewards: Their values, larger is better.

        Returns:
            A number in [0, 1]; None without two different values.
        """
        models, n = self.models_in(self._columns), len(configs)
        if not models or n < 2:
            return None
        encoded = Encoder(self._columns).encode(configs)
        predicted = np.mean([model.predict(encoded, np.ones(n)) for model in models], axis=0)
        return ranked_right(predicted, np.asarray(rewards, dtype=np.float64))

    @property
    def _columns(self) -> dict[str, Column]:
        return {n: c for n, c in self.parameters.items() if n != self.fidelity_param}

    def relative_kwh(self, configs: Sequence[Mapping[str, Any]]) -> Floats | None:
        """What energy each training needs, in units of a usual one, of shape (n_configs,).

        The factor from there to kWh is the new study's own. None if the studies do not know at
        least ten energies.
        """
        if self._energies is None:
            self._energies = self.energy_prior(self.parameters)
        if not self._energies.ready:
            return None
        encoder = Encoder(self._energies.columns)
        usual = self._energies.log_kwh(
            encoder.encode([trial.config for study in self.studies for trial in study.trials[:100]])
        )
        found = self._energies.log_kwh(encoder.encode(configs))
        return np.asarray(np.exp(found - np.median(usual)))

    def energy_prior(self, columns: Mapping[str, Column]) -> EnergyPrior:
        """What the studies say of the energy of trainings in a space."""
        return EnergyPrior(self.studies, columns, fidelity_param=self.fidelity_param)

    def value_prior(self, columns: Mapping[str, Column]) -> ValuePrior:
        """What the studies say of values in a space, without the length of a training."""
        return ValuePrior(self.models_in(columns))

    def models_in(self, columns: Mapping[str, Column]) -> list[StudyModel]:
        """The models in a space: the latest, for the new study mostly has that of the earlier."""
        space = repr(sorted(columns.items()))
        if self._models[0] != space:
            encoder = Encoder(columns)
            name = self.fidelity_param
            made = [StudyModel(study, encoder, fidelity_param=name) for study in self.studies]
            self._models = (space, made)
        return self._models[1]

    def related(self, columns: Mapping[str, Column]) -> EarlierStudies:
        """The same without the studies that have nothing in common with a space.

        Args:
            columns: Its parameters. The length of a training, which all have, is none of them.
        """
        names = columns.keys() - {self.fidelity_param}
        space = {name: columns[name] for name in names}
        has = [any(fitted(t.config, space) for t in study.trials) for study in self.studies]
        for study, related in zip(self.studies, has, strict=True):
            if not related:
                _log.warning(
                    "the earlier study %r says nothing of this one and is left out: of this one's "
                    "parameters (%s) it has no value that is possible here; it has (%s)",
                    study.name,
                    ", ".join(sorted(names)),
                    ", ".join(study.parameters),
                )
        if all(has):
            return self
        common = [study for study, related in zip(self.studies, has, strict=True) if related]
        return EarlierStudies(common, fidelity_param=self.fidelity_param)

    def without(self, key: str) -> EarlierStudies:
        """The same without the study that has this key."""
        if not key or all(study.key != key for study in self.studies):
            return self
        others = [study for study in self.studies if study.key != key]
        return EarlierStudies(others, fidelity_param=self.fidelity_param)


def _has_choice(study: EarlierStudy, fidelity_param: str | None) -> bool:
    """Whether a study has trials that chose something; it is said if they had no choice."""
    if study.trials and not study.parameters.keys() - {fidelity_param}:
        _log.warning(
            "the earlier study %r says nothing and is left out: its trials have no parameter%s",
            *(study.name, " but the length of the training" if study.parameters else ""),
        )
        return False
    return bool(study.trials)
