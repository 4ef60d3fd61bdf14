from __future__ import annotations

import subprocess
import sys

import pytest

import surrogate
from surrogate.loading import load


def test_names_are_there() -> None:
    assert surrogate.load is load
    assert {"Benchmark", "load"} <= set(dir(surrogate))
    assert isinstance(surrogate.load("fashion-nano"), surrogate.Benchmark)
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        _ = surrogate.lode


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["query", "--help"]])
def test_the_command_line_does_not_wait_for_a_space(arguments: list[str]) -> None:
    """ConfigSpace brings scipy.stats, which takes five times as long as all else together."""
    code = (
        f"import sys; sys.argv = ['eahas', *{arguments!r}]\n"
        "from surrogate.__main__ import main\n"
        "try: main()\n"
        "finally: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not {"ConfigSpace", "scipy", "numpy", "optuna"} & set(done.stdout.split())
