"""What a new study is given of earlier ones: how many, and whether they are what they seem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from ConfigSpace import ConfigurationSpace

from benchmarks.harness.rows import Row
from benchmarks.harness.seeds import derive_seed
from eahas_plugins.optuna._trials import column_of
from eahas_plugins.spaces import distributions
from eahas_plugins.transfer import EarlierStudy, EarlierTrial

Damage = Literal["", "permuted", "reversed", "unrelated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What the studies of one line of the table begin with.

    Args:
        n: How many earlier studies; 0 for none, None for all.
        damage: What is wrong with all of them: their values are permuted among their trials, count
            the other way round, or are those of another objective (the less energy the better).
    """

    n: int | None
    damage: Damage = ""

    @property
    def name(self) -> str:
        """How its rows call the method."""
        if self.n == 0:
            return "ea-bohb"
        parts = ["ea-bohb-earlier", "all" if self.n is None else str(self.n), self.damage]
        return "-".join(part for part in parts if part)

    @property
    def text(self) -> str:
        """How the table calls it."""
        if self.n == 0:
            return "no earlier studies"
        studies = "study" if self.n == 1 else "studies"
        said = f"{'all' if self.n is None else self.n} earlier {studies}"
        return f"{said}, {_WORDS[self.damage]}" if self.damage else said


_WORDS = {
    "permuted": "values permuted",
    "reversed": "values reversed",
    "unrelated": "of another objective",
}
CONDITIONS = (
    Condition(n=0),
    *(Condition(n=n) for n in (1, 3, None)),
    Condition(n=None, damage="permuted"),
    Condition(n=None, damage="reversed"),
    Condition(n=None, damage="unrelated"),
)


def study_of(rows: Sequence[Row], space: ConfigurationSpace, name: str) -> EarlierStudy:
    """The complete trainings of a recorded study.

    Args:
        rows: Its rows.
        space: What it has searched.
        name: What it is called.
    """
    return EarlierStudy(
        name=name,
        maximize=True,
        parameters={n: column_of(d) for n, d in distributions(space).items()},
        trials=tuple(
            EarlierTrial(
                config=dict(row.config), value=row.val_metric, energy_kwh=row.trial_kwh or None
            )
            for row in rows
            if row.epochs == row.planned_epochs
        ),
    )


def given(
    studies: Sequence[EarlierStudy], condition: Condition, *, task: str, seed: int
) -> list[EarlierStudy]:
    """The earlier studies of one new study: drawn, and damaged.

    Args:
        studies: Those of all other tasks.
        condition: How many, and what is wrong with them.
        task: The new study's task.
        seed: Its seed.
    """
    rng = np.random.default_rng(derive_seed("earlier", task, seed))
    order = rng.permutation(len(studies))[: condition.n]
    return [_damaged(studies[i], condition.damage, rng) for i in order]


def _damaged(study: EarlierStudy, damage: Damage, rng: np.random.Generator) -> EarlierStudy:
    values = [trial.value for trial in study.trials]
    if damage == "permuted":
        values = [values[i] for i in rng.permutation(len(values))]
    elif damage == "unrelated":
        values = [-(trial.energy_kwh or 0.0) for trial in study.trials]
    trials = tuple(replace(t, value=v) for t, v in zip(study.trials, values, strict=True))
    maximize = study.maximize != (damage == "reversed")
    return replace(study, trials=trials, maximize=maximize)


def conditions_named(names: str | None) -> tuple[Condition, ...]:
    """Conditions by the names of their rows, that without earlier studies first.

    Args:
        names: Names, separated by commas; None for all.

    Raises:
        ValueError: If there is no such condition.
    """
    if names is None:
        return CONDITIONS
    known = {condition.name: condition for condition in CONDITIONS}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    for name in asked:
        if name not in known:
            raise ValueError(f"conditions must be some of {', '.join(known)} but got {name!r}.")
    return tuple(c for name, c in known.items() if name in asked or c.n == 0)
