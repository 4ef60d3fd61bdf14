"""EA-HAS-Bench as a queryable benchmark: curves, energy and runtime of joint configurations."""

from surrogate.loading import load

__all__ = ["load"]
