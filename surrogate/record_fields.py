"""The values of a recorded training, each checked before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
"""Array of shape (n_epochs,): the value after each epoch, epoch 1 first."""

_NO_NUMBERS = (str, bytes, bool, np.bool_)

FRACTIONS = ("train_accuracy", "val_accuracy", "test_accuracy")
"""Curves that lie in [0, 1]."""
_AMOUNTS = ("train_cpu_s", "train_wall_s", "eval_cpu_s", "energy_kwh")
PER_EPOCH = (*FRACTIONS, "train_loss", *_AMOUNTS)
"""Everything that is recorded for each epoch."""
_PER_RUN = ("inference_cpu_s", "inference_wall_s", "inference_energy_kwh")
_INTEGERS = ("run", "config_run", "seed")
_TEXTS = ("task", "started")
_OBJECTS = ("meter", "machine", "versions")


def same(one: Any, other: Any) -> bool:
    """Whether two objects of one dataclass agree in all that is compared, curves as a whole."""
    if type(one) is not type(other):
        return False
    names = [entry.name for entry in fields(one) if entry.compare]
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    return all(
        np.array_equal(a, b, equal_nan=True)
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
        else type(a) is type(b) and a == b
        for a, b in pairs
    )


def read_one(line: Mapping[str, Any], name: str, kind: type, words: str) -> Any:
    """The value of a key if it is of a kind, described in words; None if there is none.

    Raises:
        ValueError: If it is of another kind; a truth value is no number.
    """
    value = line.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise ValueError(f"{name} must be {words} but got {value!r}.")
    return value


def read_integer(line: Mapping[str, Any], name: str) -> int | None:
    """The integer of a key, which may be NumPy's; None if there is none.

    Raises:
        ValueError: If it is something else.
    """
    value = read_one(line, name, Integral, "an integer")
    return None if value is None else int(value)


def read_amount(value: Any, name: str) -> float:
    """A number that must be finite and not negative.

    Raises:
        ValueError: If it is not.
    """
    try:
        amount = float(value)
    except OverflowError:  # an integer of 400 digits
        amount = np.inf
    if not 0.0 <= amount < np.inf:
        raise ValueError(f"{name} must be finite and not negative but got {amount}.")
    return amount


def read_curve(line: Mapping[str, Any], name: str) -> Curve | None:
    """The curve of a key; null is NaN. None if there is none.

    Raises:
        ValueError: If it is no list of numbers, or one is out of range.
    """
    given = line.get(name)
    if given is None:
        return None
    try:
        if any(issubclass(kind, _NO_NUMBERS) for kind in set(map(type, given))):
            raise TypeError("NumPy would take them for numbers.")
        curve = np.array(given, dtype=np.float64)  # null becomes NaN
    except (TypeError, ValueError, OverflowError):  # no number, or one of 400 digits
        curve = np.empty(0)
    if curve.ndim != 1 or not len(curve):
        raise ValueError(f"{name} must be a list of numbers, one per epoch.")
    top = 1.0 if name in FRACTIONS else np.inf
    if name != "train_loss" and not (np.isfinite(curve) & (curve >= 0.0) & (curve <= top)).all():
        what = "lie in [0, 1]" if name in FRACTIONS else "be finite and not negative"
        raise ValueError(f"{name} must {what} at every epoch.")
    return curve


def read_training(line: Mapping[str, Any]) -> dict[str, Any]:
    """All values of a training but its configuration and the size of its network.

    Raises:
        ValueError: If one does not follow the schema, or a finished one has no curve.
    """
    known: dict[str, Any] = {name: read_curve(line, name) for name in PER_EPOCH}
    lengths = {name: len(curve) for name, curve in known.items() if curve is not None}
    known["status"] = read_one(line, "status", str, "text") or "finished"
    if not lengths and known["status"] == "finished":
        raise ValueError(f"a finished record must have at least one of {', '.join(PER_EPOCH)}.")
    if len(set(lengths.values())) > 1:
        raise ValueError(f"curves must have one value per epoch but their lengths are {lengths}.")
    for name in _PER_RUN:
        value = read_one(line, name, Real, "a number")
        known[name] = None if value is None else read_amount(value, name)
    for name in _INTEGERS:
        known[name] = read_integer(line, name)
    for name in _TEXTS:
        known[name] = read_one(line, name, str, "text")
    for name in _OBJECTS:
        known[name] = read_one(line, name, Mapping, "an object")
    return known
