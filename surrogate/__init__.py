"""EA-HAS-Bench as a queryable benchmark: curves, energy and runtime of joint configurations."""

from surrogate.benchmark import Benchmark
from surrogate.loading import load

__all__ = ["Benchmark", "load"]
