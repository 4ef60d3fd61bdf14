"""Attributes that stay in their process when an object is pickled or copied."""

from __future__ import annotations

from typing import Any


class LocalState:
    """An object with locks, caches or other attributes that another process makes anew.

    They are those that `_make_local` sets, which the constructor calls.
    """

    def _make_local(self) -> None:
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        blank = object.__new__(type(self))
        blank._make_local()
        return {name: value for name, value in vars(self).items() if name not in vars(blank)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._make_local()
