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


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["tasks"]])
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
    assert not {"ConfigSpace", "scipy", "optuna"} & set(done.stdout.split())


@pytest.mark.parametrize("task", ["fashion-nano", "cifar10", "tinyimagenet"])
@pytest.mark.parametrize("seed", [None, 1])
def test_a_query_of_a_dictionary_does_not_wait_for_a_space(task: str, seed: int | None) -> None:
    config = dict(load(task).space.get_default_configuration())
    code = (
        f"import sys, surrogate; bench = surrogate.load({task!r})\n"
        f"run = bench.query({config!r}, seed={seed})\n"
        f"assert bench.query_many([{config!r}], seed={seed})[0].complexity == run.complexity\n"
        "print(run.energy_kwh.tolist(), *sys.modules, sep='\\n')\n"
        "assert bench.space is bench.space and 'ConfigSpace' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    energy, *modules = done.stdout.splitlines()
    assert energy == str(load(task).query(config, seed=seed).energy_kwh.tolist())
    assert not {"ConfigSpace", "scipy"} & set(modules)
