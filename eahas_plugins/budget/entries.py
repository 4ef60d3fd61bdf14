"""What is written of a trial's energy: its grant, and an entry per attempt at it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from eahas_plugins.budget.attributes import known_kwh
from eahas_plugins.files import json_object

TrialId = tuple[int | str, str | None, int | None, float | None]
"""The host's id of the configuration, instance, seed, budget."""
_NONE = type(None)
_IDS = ((int, str), (str, _NONE), (int, _NONE), (float, int, _NONE))


class EnergyExhaustedError(RuntimeError):
    """What is left of the budget does not pay for a single step of a trial."""


def was_refused(traceback: str | None) -> bool:
    """Whether a trial failed by that error; hosts keep only the text of it."""
    return EnergyExhaustedError.__name__ in (traceback or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the budget gives a trial on its way.

    Args:
        number: Order of the trials; a smaller number goes first.
        trial: Which trial of the run history this is.
        cap_kwh: The most all trials together may spend, kWh.
        reserved_kwh: Energy the trial is expected to need, kWh; 0 if unknown.
        limit_kwh: The most the trial may spend itself, kWh; None for no limit of its own.
        own_limit: Whether that is what any trial may spend, and not what is left for this one.
        paid_kwh: Energy of earlier trials of the same configuration, whose training this one
            can go on with, kWh.
    """

    number: int
    trial: TrialId
    cap_kwh: float
    reserved_kwh: float = 0.0
    limit_kwh: float | None = None
    own_limit: bool = False
    paid_kwh: float = 0.0

    def to_json(self) -> str:
        """The grant as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes, where: str | Path) -> Grant:
        """The grant in a text.

        Raises:
            ValueError: If it is none, or an energy is NaN, infinite or negative.
        """
        grant = _from_json(cls, text, where)
        for name in ("cap_kwh", "reserved_kwh", "paid_kwh"):
            _check_kwh(where, name, getattr(grant, name))
        if grant.limit_kwh is not None:
            _check_kwh(where, "limit_kwh", grant.limit_kwh)
        return grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of one attempt at a trial.

    Args:
        name: The attempt's name.
        number: The trial's number.
        trial: Which trial of the run history this is.
        energy_kwh: Energy that the attempt has written, kWh; None as long as it wrote none.
        estimated_kwh: What it is charged if it never writes any, kWh; None if unknown.
        reserved_kwh: Energy the attempt is expected to need, kWh; 0 if unknown.
        updated_s: Time of the last report by the writer's clock, seconds since the epoch. It
            decides nothing but which of two attempts that were first seen at once is the later.
        done: Whether its own writer has ended it.
        given_up: Whether somebody else takes its worker for dead. It may be wrong: what the
            worker writes afterwards counts.
    """

    name: str
    number: int
    trial: TrialId
    energy_kwh: float | None = None
    estimated_kwh: float | None = None
    reserved_kwh: float = 0.0
    updated_s: float = 0.0
    done: bool = False
    given_up: bool = False

    @property
    def charged_kwh(self) -> float:
        """What the attempt costs the budget, kWh; 0 where nothing is known."""
        known = self.estimated_kwh if self.is_unknown else self.energy_kwh
        return 0.0 if known is None else known

    @property
    def is_unknown(self) -> bool:
        """Whether nobody wrote what it burnt; a worker that died after writing 0 burnt more."""
        return self.energy_kwh is None or (self.energy_kwh == 0.0 and self.given_up)

    def to_json(self) -> str:
        """The entry as one line of text."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps({k: v for k, v in fields.items() if v is not None and v is not False})

    @classmethod
    def from_json(cls, text: str | bytes, where: str | Path) -> Entry:
        """The entry in a text; what a later version has written besides is ignored.

        Raises:
            ValueError: If it is none, or an energy is NaN, infinite or negative.
        """
        entry = _from_json(cls, text, where, others=True)
        if not isinstance(entry.name, str):
            raise ValueError(f"{where}: name must be a text but got {entry.name!r}.")
        for name in ("energy_kwh", "estimated_kwh"):
            if getattr(entry, name) is not None:
                _check_kwh(where, name, getattr(entry, name))
        _check_kwh(where, "reserved_kwh", entry.reserved_kwh)
        _check_kwh(where, "updated_s", entry.updated_s)
        return entry


_ENTRY_KEYS = frozenset(Entry.__slots__)
_Kind = TypeVar("_Kind", Grant, Entry)


def _from_json(
    kind: type[_Kind], text: str | bytes, where: str | Path, *, others: bool = False
) -> _Kind:
    """One per step of every trial: quicker than asking the types of all fields."""
    data = json_object(text, where)
    number, trial = data.get("number"), data.get("trial")
    if type(number) is not int:
        raise ValueError(f"{where}: number must be an integer but got {number!r}.")
    if not isinstance(trial, list) or len(trial) != len(_IDS):
        raise ValueError(f"{where}: trial must have four parts but got {trial!r}.")
    if not all(type(part) in kinds for part, kinds in zip(trial, _IDS, strict=True)):
        raise ValueError(f"{where}: trial must be the four parts of an id but got {trial!r}.")
    if others and not data.keys() <= _ENTRY_KEYS:
        data = {name: data[name] for name in data.keys() & _ENTRY_KEYS}
    try:
        return kind(**{**data, "trial": tuple(trial)})
    except TypeError as error:  # a key too many or too few
        raise ValueError(f"{where} must hold a {kind.__name__}: {error}") from None


def _check_kwh(where: str | Path, name: str, value: object) -> None:
    if known_kwh(value) is None:
        raise ValueError(f"{where}: {name} must be finite, zero or more, but got {value!r}.")
