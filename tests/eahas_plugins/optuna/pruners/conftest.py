from __future__ import annotations

import optuna
import pytest
from optuna.pruners import BasePruner

from tests.eahas_plugins.optuna.pruners.studies import PRUNERS


@pytest.fixture(autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture(params=PRUNERS)
def pruner(request: pytest.FixtureRequest) -> BasePruner:
    return PRUNERS[request.param]()


@pytest.fixture(params=["maximize", "minimize"])
def direction(request: pytest.FixtureRequest) -> str:
    return str(request.param)
