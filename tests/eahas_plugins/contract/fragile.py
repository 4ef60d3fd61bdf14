from __future__ import annotations

from typing import Any

from eahas_plugins.targets import SurrogateTarget


class FragileTarget(SurrogateTarget):
    """Fails where the problem says so, with its energy reported."""

    def __call__(
        self, config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None
    ) -> Any:
        problem: Any = self.bench
        if problem.fails(config):
            if attempt is not None:
                attempt.report(problem.burnt_when_failing(config))
            raise RuntimeError("the training diverged")
        return super().__call__(config, seed, budget, attempt)
