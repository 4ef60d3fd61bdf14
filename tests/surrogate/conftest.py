import pytest

from surrogate.fitting.build import build
from surrogate.fitting.fit import Settings
from surrogate.fitting.selection import SHAPES
from tests.surrogate import made_up

QUICK = Settings(n_members=3, curve_rounds=12, cost_rounds=4, curve_depth=4, max_bin=32)


@pytest.fixture(scope="session")
def fitted_folder(tmp_path_factory):
    """A folder as `python -m benchmarks fit` writes it, of made-up trainings."""
    folder = tmp_path_factory.mktemp("fitted") / "fashion-nano"
    build(made_up.records(), made_up.TASK, folder, settings=QUICK, shapes=SHAPES[5:7])
    return folder
