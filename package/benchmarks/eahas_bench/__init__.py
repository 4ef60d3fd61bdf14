"""EA-HAS-Bench as a problem of OptunaHub."""

from ._eahas_bench import Problem


__all__ = ["Problem"]
