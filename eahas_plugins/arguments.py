"""What users give, one rule in all hosts: text, truth values and nothing are no numbers.

Each function takes arguments by their names, which are in the message. NaN is in no range.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGEST_SEED = 2**32 - 1


def check_numbers(**arguments: object) -> None:
    """Refuse what only looks like a number.

    Example:
        >>> check_numbers(price_kwh="3")
        Traceback (most recent call last):
        ValueError: price_kwh must be a number but got '3'.

    Raises:
        ValueError: Unless each is a number of Python or NumPy. NaN and infinity are.
    """
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, Real):
            raise ValueError(f"{name} must be a number but got {value!r}.")


def check_whole_numbers(**arguments: object) -> None:
    """Refuse what is no whole number, ``2.0`` included.

    Raises:
        ValueError: Unless each is an integer of Python or NumPy.
    """
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise ValueError(f"{name} must be a whole number but got {value!r}.")


def check_counts(least: int, /, **arguments: Any) -> None:
    """Check whole numbers that have a smallest value.

    Raises:
        ValueError: Unless each is a whole number and at least that.
    """
    check_whole_numbers(**arguments)
    for name, value in arguments.items():
        if not value >= least:
            raise ValueError(f"{name} must be at least {least} but got {value}.")


def check_seed(seed: Any) -> None:
    """Refuse what seeds nothing, before a library refuses it in other words.

    Raises:
        ValueError: Unless it is None or a whole number of 32 bits, as NumPy's older generators take
            that the hosts draw from; a time in nanoseconds is larger.
    """
    if seed is None:
        return
    check_counts(0, seed=seed)
    if seed > _LARGEST_SEED:
        raise ValueError(
            f"seed must be at most {_LARGEST_SEED} but got {seed}: give seed % 2**32, which is."
        )


def check_positive(**arguments: Any) -> None:
    """Check amounts.

    Raises:
        ValueError: Unless each is a positive finite number.
    """
    check_numbers(**arguments)
    for name, value in arguments.items():
        if not 0.0 < value < math.inf:
            raise ValueError(f"{name} must be positive and finite but got {value}.")


def check_finite(**arguments: Any) -> None:
    """Check amounts of either sign.

    Raises:
        ValueError: Unless each is a finite number.
    """
    check_numbers(**arguments)
    for name, value in arguments.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} must be finite but got {value}.")


def check_not_negative(**arguments: Any) -> None:
    """Check amounts that may be 0.

    Raises:
        ValueError: Unless each is a finite number of at least 0.
    """
    check_numbers(**arguments)
    for name, value in arguments.items():
        if not 0.0 <= value < math.inf:
            raise ValueError(f"{name} must be finite and not negative but got {value}.")


def check_shares(**arguments: Any) -> None:
    """Check parts of something.

    Raises:
        ValueError: Unless each is a number from 0 to 1.
    """
    check_numbers(**arguments)
    for name, value in arguments.items():
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} must be between 0 and 1 but got {value}.")


def check_reward_exponent(reward_exponent: Any) -> None:
    """Check the exponent of the paper's reward.

    Raises:
        ValueError: Unless it is a finite number of at most 0.
    """
    check_numbers(reward_exponent=reward_exponent)
    if not -math.inf < reward_exponent <= 0.0:
        raise ValueError(f"reward_exponent must be at most 0 and finite but got {reward_exponent}.")


def float_of(value: Any) -> float:
    """A number that a training tells, from whatever library it is.

    Raises:
        TypeError: If it is text or a truth value, which Python takes for numbers too, or no number.
        ValueError: If it is an array of several.
        OverflowError: If it is a whole number that no float reaches.
    """
    if isinstance(value, str | bytes | bool) or str(getattr(value, "dtype", "")).endswith("bool"):
        raise TypeError(f"a {type(value).__name__} is no number")
    return float(value)


def numbers_of(**arrays: Any) -> list[NDArray[np.float64]]:
    """The arrays, or single numbers, as arrays of float.

    Raises:
        ValueError: If one holds text, truth values or anything else that is no number.
    """
    found = []
    for name, values in arrays.items():
        array = np.asarray(values)
        if array.dtype.kind not in "iuf":  # whole numbers and those with a point
            raise ValueError(f"{name} must be numbers but got {values!r}.")
        found.append(array.astype(np.float64))
    return found


def check_flags(**arguments: object) -> None:
    """Refuse what only looks like a switch: ``"no"`` would be on.

    Raises:
        ValueError: Unless each is True or False.
    """
    for name, value in arguments.items():
        if not isinstance(value, bool | np.bool_):
            raise ValueError(f"{name} must be True or False but got {value!r}.")


def check_names(**arguments: object) -> None:
    """Check names of parameters and the like.

    Raises:
        ValueError: Unless each is text, and not empty.
    """
    for name, value in arguments.items():
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name} must be a name but got {value!r}.")


def check_made(kind: type, /, **arguments: object) -> None:
    """Check objects that others make: the class in place of one of its objects is a usual slip.

    Example:
        >>> check_made(Real, price=float)
        Traceback (most recent call last):
        TypeError: price must be a Real but got the class float: make one, float(...).

    Raises:
        TypeError: Unless each is of that kind.
    """
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    for name, value in arguments.items():
        if isinstance(value, kind):
            continue
        if isinstance(value, type) and issubclass(value, kind):
            got = f"the class {value.__name__}: make one, {value.__name__}(...)."
        else:
            text = repr(value)
            got = f"{text if len(text) < 60 else type(value).__name__}."
        raise TypeError(f"{name} must be {article} {kind.__name__} but got {got}")


def given(**arguments: Any) -> dict[str, Any]:
    """Those that are not None, the value of an argument that was not given."""
    return {name: value for name, value in arguments.items() if value is not None}
