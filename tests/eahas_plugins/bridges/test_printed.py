from __future__ import annotations

import pytest

from tests.eahas_plugins.bridges.printed import printed, run_printed

BLOCKS = {
    f"{bridge}-{number}": block
    for bridge in ("sklearn", "xgboost", "lightgbm")
    for number, block in enumerate(printed(bridge))
}


@pytest.mark.filterwarnings("ignore")  # XGBoost's own lines go to the output
@pytest.mark.parametrize("name", BLOCKS)
def test_the_printed_lines_train(name: str) -> None:
    run_printed(BLOCKS[name])


def test_every_library_is_printed() -> None:
    assert list(BLOCKS) == ["sklearn-0", "sklearn-1", "xgboost-0", "lightgbm-0"]
