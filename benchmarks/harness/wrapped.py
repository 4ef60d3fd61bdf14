"""A benchmark that changes something of another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ConfigSpace import ConfigurationSpace

from surrogate import Benchmark
from surrogate.records import Run


class WrappedBench:
    """What a benchmark is, until a subclass says otherwise.

    Args:
        bench: The benchmark that is asked.
        space: What is searched; its own by default.
        provenance: Where the numbers come from; its own by default.
    """

    def __init__(
        self,
        bench: Benchmark,
        *,
        space: ConfigurationSpace | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        self._bench = bench
        self.space = bench.space if space is None else space
        self.provenance = bench.provenance if provenance is None else provenance

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        """The training of a configuration."""
        return self._bench.query(config, seed=seed)

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> Sequence[Run]:
        """The trainings of many configurations."""
        return self._bench.query_many(configs, seed=seed)
