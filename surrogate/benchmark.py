"""What every benchmark of this package can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from surrogate.records import Run

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


@runtime_checkable
class Benchmark(Protocol):
    """A space and the trainings in it; what :func:`surrogate.load` returns.

    Example:
        >>> import surrogate
        >>> bench: surrogate.Benchmark = surrogate.load("fashion-nano")
        >>> run = bench.query(bench.space.get_default_configuration())
        >>> run.provenance["energy_kwh"]
        'predicted'
    """

    @property
    def space(self) -> ConfigurationSpace:
        """Its configurations; named like the task."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the numbers come from, JSON-able."""

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        """The training of a configuration: the mean, or with a seed one draw.

        Raises:
            ValueError: If the configuration cannot be queried.
        """

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> Sequence[Run]:
        """The trainings of many configurations.

        Raises:
            ValueError: If one of them cannot be queried.
        """
