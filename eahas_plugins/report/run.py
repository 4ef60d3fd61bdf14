"""What a report is made of: one run of any host, as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["complete", "pruned", "cut", "failed", "running"]
STATES: tuple[State, ...] = ("complete", "pruned", "cut", "failed", "running")
STATE_LABELS: Mapping[State, str] = {
    "complete": "Complete",
    "pruned": "Pruned",
    "cut": "Cut by the budget",
    "failed": "Failed",
    "running": "Running or killed",
}


class SeveralStudiesError(ValueError):
    """A storage or a folder holds several studies, and none is named.

    Args:
        said: Where they are and what they are, as in "s.db holds the studies".
        names: Their names.
        hint: What else can be done, as the end of the sentence.
    """

    def __init__(self, said: str, names: Sequence[str], *, hint: str = "") -> None:
        self.listed = f"{said} {', '.join(map(repr, names))}"
        self.names = tuple(names)
        super().__init__(
            f"{self.listed}: name one (study={names[0]!r} in Python, --study in a shell){hint}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One quantity that a run optimises.

    Args:
        name: What it is called.
        maximize: Whether more is better.
    """

    name: str
    maximize: bool = False

    def loss(self, value: float) -> float:
        """The value as something to minimise."""
        return -value if self.maximize else value


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergySource:
    """Where energies come from.

    Args:
        kind: Their provenance: ``measured``, ``estimated``, ``predicted``, ``simulated``,
            ``imported``, or ``unknown`` where the run does not say.
        meter: Name of the meter, empty if unknown.
        scope: What it counts: ``process``, ``machine``, or empty if unknown.
        devices: Names of the devices counted.
    """

    kind: str = "unknown"
    meter: str = ""
    scope: str = ""
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSummary:
    """One trial.

    Args:
        name: What its host calls it.
        state: What became of it.
        energy_kwh: Energy it has spent, kWh; None if nobody knows.
        values: Its values, one per objective; empty if it has none.
        eligible: Whether it may be the best: complete, feasible, finite, and of a length that its
            host compares with others; in SMAC and HpBandSter one that was cut, if all were.
        config: Its hyperparameters.
        group: What tells configurations apart, without the length of their training.
        length: How long its training was meant to be, in any unit; None if that is not known.
        training_kwh: Energy of its training with what earlier rungs had paid, kWh.
        planned_kwh: Energy that its whole training was expected to need, kWh.
        by_expectation: Whether its energy is what was expected of it.
        ended_s: When it ended, seconds since the epoch; infinite if it has not.
        runtime_s: How long it took, s.
        source: Where its energy comes from.
    """

    name: str
    state: State
    energy_kwh: float | None = None
    values: tuple[float, ...] = ()
    eligible: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    length: float | None = None
    training_kwh: float | None = None
    planned_kwh: float | None = None
    by_expectation: bool = False
    ended_s: float = math.inf
    runtime_s: float | None = None
    source: EnergySource = EnergySource()

    @property
    def spent_kwh(self) -> float:
        """What is known to be spent, for sums, kWh."""
        return self.energy_kwh or 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run: an Optuna study, or a run of SMAC or HpBandSter.

    Args:
        name: Its name.
        host: ``Optuna``, ``SMAC`` or ``HpBandSter``.
        objectives: What it optimises, at least one.
        trials: Its trials, in the order in which they ended, running ones last.
        cap_kwh: Its budget, kWh; None if it has none or does not say.
        unlisted_kwh: Energy that counts as spent and is in no trial: of lost workers, and of
            attempts that the results do not list, kWh. Negative for what trials of other
            studies have brought along, which does not count.
        length_name: What the length of a training is called, empty if lengths do not differ.
        notes: What the reader of the report should know, such as damaged files.

    Raises:
        ValueError: If there is no objective.
    """

    name: str
    host: str
    objectives: tuple[Objective, ...]
    trials: tuple[TrialSummary, ...]
    cap_kwh: float | None = None
    unlisted_kwh: float = 0.0
    length_name: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.objectives:
            raise ValueError(f"the run {self.name!r} must have an objective but has none.")

    @property
    def spent_kwh(self) -> float:
        """Energy of all trials in every state, kWh."""
        return math.fsum((*(trial.spent_kwh for trial in self.trials), self.unlisted_kwh))

    def check_energy(self) -> None:
        """Check that there is anything to report.

        Raises:
            ValueError: If there are no trials, or none has energy.
        """
        if not self.trials and not self.unlisted_kwh:
            raise ValueError(f"the run {self.name!r} must have trials but has none.")
        if not self.unlisted_kwh and all(t.energy_kwh is None for t in self.trials):
            raise ValueError(
                f"the trials of {self.name!r} must have energies but none of {len(self.trials)} "
                "has one: measure them with EnergyTracker or EnergyTarget, or record "
                '"energy_kwh" yourself (trial.set_user_attr in Optuna; returned by the target '
                "function in SMAC, in 'info' in HpBandSter)."
            )
