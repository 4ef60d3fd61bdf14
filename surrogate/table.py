"""A benchmark of exact rows: what was recorded, and nothing in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.arguments import agree, as_config, as_configs, check_seed, shortened
from surrogate.records import CURVES, Record, Row

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Key = tuple[Any, ...]


class TableBenchmark:
    """Recorded trainings, queried by their configuration; build it with :meth:`from_records`.

    Args:
        space: The joint space.
        read: Gives the rows; called when they are first needed.
        provenance: Where they come from.
    """

    def __init__(
        self,
        space: ConfigurationSpace,
        read: Callable[[], Iterable[Record]],
        *,
        provenance: Mapping[str, Any],
    ) -> None:
        self.space = space
        self.provenance = provenance
        self._read = read

    @cached_property
    def records(self) -> tuple[Row, ...]:
        """All finished rows, in the order of the records."""
        rows = tuple(record.row() for record in self._read() if record.status == "finished")
        for row in rows:
            for curve in (getattr(row, name) for name in CURVES):
                if curve is not None:
                    curve.flags.writeable = False  # all queries of the row share it
        return rows

    @cached_property
    def _places(self) -> dict[Key, list[int]]:
        names = tuple(self.space)
        places: dict[Key, list[int]] = {}
        for place, row in enumerate(self.records):
            if set(row.config) != set(names):
                raise ValueError(
                    f"record {place} must have the hyperparameters {', '.join(names)} but has "
                    f"{', '.join(map(str, row.config))}."
                )
            _check_values(row.config, place)
            places.setdefault(tuple(row.config[name] for name in names), []).append(place)
        return places

    @classmethod
    def from_records(
        cls,
        records: Iterable[Record | Mapping[str, Any]],
        *,
        space: ConfigurationSpace | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> TableBenchmark:
        """A table of own trainings.

        Example:
            >>> table = TableBenchmark.from_records(
            ...     [{"schema": 1, "config": {"lr": 0.1}, "val_accuracy": [0.5, 0.75]},
            ...      {"schema": 1, "config": {"lr": 0.3}, "val_accuracy": [0.5, 0.5]}])
            >>> table.query({"lr": 0.1}).val_accuracy
            array([0.5 , 0.75])

        Args:
            records: :class:`~surrogate.records.Record` objects or JSON objects of that schema.
                Those that did not finish are left out.
            space: The joint space; by default the values that occur in the records, numbers in
                their order.
            provenance: Where the numbers come from; ``kind`` should be ``"measured"``,
                ``"estimated"`` or ``"simulated"``.

        Raises:
            ValueError: If a record does not follow the schema, none is finished, they differ in
                their hyperparameters, or a value is no number, text, boolean or None.
        """
        if isinstance(records, str | bytes | Mapping) or not isinstance(records, Iterable):
            raise ValueError(
                f"records must be a list of records but got a {type(records).__name__}: read a "
                "file of them with surrogate.record_files.read_records(path).records."
            )
        whole = [r if isinstance(r, Record) else Record.from_json(r) for r in records]
        configs = [record.config for record in whole if record.status == "finished"]
        if not configs:
            raise ValueError("a table must have at least one finished record.")
        table = cls(
            _observed_space(configs) if space is None else space,
            partial(tuple, whole),
            provenance={"kind": "unknown"} if provenance is None else dict(provenance),
        )
        table._places  # noqa: B018  (here the caller can still mend the records)
        return table

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Row:
        """The recorded training of a configuration.

        Args:
            config: Any mapping or ConfigSpace configuration.
            seed: Which of its repeats: the first without a seed, else one after the other.

        Raises:
            ValueError: If it was not recorded; the message names the nearest that was. Or if the
                seed is none.
        """
        check_seed(seed)
        places = self._found(config)
        row = self.records[places[0 if seed is None else seed % len(places)]]
        return replace(row, config=dict(row.config))  # what the caller does with it is no record

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> list[Row]:
        """The recorded trainings of many configurations.

        Raises:
            ValueError: If one was not recorded.
        """
        check_seed(seed)
        return [self.query(config, seed=seed) for config in as_configs(configs)]

    def _found(self, config: Mapping[str, Any]) -> list[int]:
        names, config = tuple(self.space), as_config(config)
        if missing := [name for name in names if name not in config]:
            raise ValueError(f"configuration lacks {', '.join(missing)}.")
        if unknown := [name for name in config if name not in names]:
            raise ValueError(
                f"unknown hyperparameter {unknown[0]!r}: it must be one of {', '.join(names)}."
            )
        places = self._places
        _check_values(config, None)
        key = tuple(config[name] for name in names)
        if key in places:
            return places[key]
        nearest = min(places, key=lambda other: self._distance(key, other))
        if all(map(_stand_for_each_other, key, nearest)):
            return places[nearest]
        raise ValueError(
            f"a table has recorded configurations only, and {dict(config)} is not among its "
            f"{len(places)}. The nearest is {dict(zip(names, nearest, strict=True))}."
        )

    def _distance(self, one: Key, other: Key) -> float:
        """Sum over hyperparameters: 1 if unequal, for numbers the difference of their ranks."""
        total = 0.0
        for name, a, b in zip(self.space, one, other, strict=True):
            if a == b:
                continue
            values = getattr(self.space[name], "sequence", ())
            if a in values and b in values:
                total += abs(values.index(a) - values.index(b)) / max(1, len(values) - 1)
            elif _number(a) and _number(b):
                total += abs(float(a) - float(b)) / max(abs(float(a)), abs(float(b)))
            else:
                total += 1.0
        return total


def _check_values(config: Mapping[str, Any], place: int | None) -> None:
    """Refuse what cannot be looked up or compared: lists, objects, NaN, huge integers."""
    for name, value in config.items():
        try:
            plain = value is None or isinstance(value, str) or math.isfinite(value)
        except (TypeError, OverflowError):
            plain = False
        if not plain:
            where = "" if place is None else f"record {place}: "
            raise ValueError(
                f"{where}{name} must be a finite number, text, a boolean or None but got "
                f"{shortened(value)}."
            )


def _stand_for_each_other(a: Any, b: Any) -> bool:
    """Whether they are one value; integers and text have no rounding errors."""
    inexact = any(isinstance(value, float | np.floating) for value in (a, b))
    return bool(a == b or (inexact and _number(a) and _number(b) and agree(a, b)))


def _number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)


def _observed_space(configs: Sequence[Mapping[str, Any]]) -> ConfigurationSpace:
    from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, OrdinalHyperparameter

    space = ConfigurationSpace()
    for place, config in enumerate(configs):
        _check_values(config, place)
    for name in configs[0]:
        if not isinstance(name, str) or not name:
            raise ValueError(f"the name of a hyperparameter must be text but got {name!r}.")
        seen = list(dict.fromkeys(config[name] for config in configs if name in config))
        if all(map(_number, seen)):
            space.add(OrdinalHyperparameter(name, sorted(seen)))
        else:
            space.add(CategoricalHyperparameter(name, seen))
    return space
