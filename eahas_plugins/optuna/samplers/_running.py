"""Who trains what in a study right now: this sampler's own trials and those of other workers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial

from eahas_plugins.models.length import level_of
from eahas_plugins.optuna._trials import PROMOTED_KEY
from eahas_plugins.optuna.samplers._base import StudyState
from eahas_plugins.optuna.samplers._schedules import FidelityName, config_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a running trial was told.

    Args:
        params: Its parameters.
        key: Its configuration without the schedule.
        longest: Whether it gets the longest schedule.
        promoted: Whether the configuration has been tried with a shorter one.
        source: Number of the trial whose configuration it trains longer, if it does.
    """

    params: Mapping[str, Any]
    key: Hashable
    longest: bool
    promoted: bool
    source: int | None


class RunningState(StudyState):
    """The running trials of one study.

    Args:
        fidelity: The parameter that holds the schedule.
    """

    def __init__(self, fidelity: FidelityName) -> None:
        super().__init__()
        self.fidelity = fidelity
        self.schedules: tuple[Any, ...] | None = None
        """The schedules of the latest trial: ranges may change when a study is resumed."""
        self.proposals: dict[int, Proposal] = {}  # of trials that have not finished
        self.sources: dict[int, FrozenTrial] = {}  # complete trials with a schedule, by number
        self.longest: set[Hashable] = set()  # configurations tried with the longest schedule

    def proposal(
        self, params: Mapping[str, Any], key: Hashable, *, promoted: bool, source: int | None
    ) -> Proposal:
        """What a trial is to be told."""
        name, schedules = self.fidelity.name or "", self.schedules or ()
        longest = len(schedules) > 1 and params.get(name, schedules[0]) == schedules[-1]
        return Proposal(params=params, key=key, longest=longest, promoted=promoted, source=source)

    def key_of(self, trial: FrozenTrial) -> Hashable:
        """The configuration of a trial without its schedule."""
        return config_key(trial.params, trial.distributions, self.fidelity.name)

    def running(self, besides: int | None = None) -> dict[int, Mapping[str, Any]]:
        """Parameters of running trials, by number; some may not all be told yet."""
        found: dict[int, Mapping[str, Any]] = {}
        for trial in self.log.running:
            if trial.number != besides:
                proposal = self.proposals.get(trial.number)
                found[trial.number] = self._told(trial) if proposal is None else proposal.params
        return found

    def _told(self, trial: FrozenTrial) -> Mapping[str, Any]:
        """What another worker's trial has told; it trains what it says it repeats to the end."""
        source = self._source_of(trial)
        if source is None or self.schedules is None:
            return trial.params
        longest = {self.fidelity.name or "": self.schedules[-1]}
        return {**source.params, **longest, **trial.params}

    def _source_of(self, trial: FrozenTrial) -> FrozenTrial | None:
        """The complete trial that a running one trains longer, as it says.

        It may have been brought along from another study, where numbers mean other trials.
        """
        number = trial.user_attrs.get(PROMOTED_KEY)
        source = self.sources.get(number) if isinstance(number, int) else None
        if source is None:
            return None
        common = (trial.params.keys() & source.params.keys()) - {self.fidelity.name}
        return source if all(trial.params[n] == source.params[n] for n in common) else None

    def in_training(self) -> dict[int, Hashable]:
        """Configurations that are being trained with the longest schedule, by trial number."""
        found: dict[int, Hashable] = {}
        name = self.fidelity.name
        if self.schedules is None or name is None:
            return found
        for trial in self.log.running:
            proposal = self.proposals.get(trial.number)
            if proposal is not None:
                if proposal.longest or proposal.promoted:
                    found[trial.number] = proposal.key
            elif self._told(trial).get(name) == self.schedules[-1]:
                found[trial.number] = self.key_of(self._source_of(trial) or trial)
        return found

    def is_taken(self, proposal: Proposal, *, by_other_than: int) -> bool:
        """Whether another trial trains the same configuration as long as that, or has just done."""
        if proposal.promoted and proposal.key in self.longest:
            return True
        name, schedules = self.fidelity.name or "", self.schedules or ()
        level = level_of(proposal.params.get(name), schedules)
        told = self.running(by_other_than)
        return any(
            source is not None
            and self.key_of(source) == proposal.key
            and level_of(told[trial.number].get(name), schedules) >= level
            for trial in self.log.running
            if trial.number != by_other_than
            for source in [self._source_of(trial)]
        )
