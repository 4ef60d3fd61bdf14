"""The wheel installed alone: a new environment, no source beside it, no package but what it asks.

The benchmark's part needs no extra; Optuna's part adds Optuna. Warnings are errors.
"""

import json
import os
import subprocess
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pages import ROOT, blocks_of, hosts_of

BLOCKS = blocks_of(ROOT / "README.md")
Run = Callable[..., str]
FROM_THE_ENVIRONMENT = """
import eahas_plugins, importlib.util, surrogate, sys
assert eahas_plugins.__file__.startswith(sys.prefix)
assert surrogate.__file__.startswith(sys.prefix)
assert not importlib.util.find_spec("benchmarks")
"""


def _run(*command: str, cwd: Path, code: int = 0) -> str:
    """What a command prints, also as errors."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True, symlinks=True)
    _run(str(folder / "bin" / "pip"), "install", "-q", str(wheel), cwd=folder)
    return folder


@pytest.fixture
def eahas(environment: Path, tmp_path: Path) -> Run:
    return lambda *words: _run(str(environment / "bin" / "eahas"), *words, cwd=tmp_path)


@pytest.fixture
def python(environment: Path, tmp_path: Path) -> Run:
    command = (str(environment / "bin" / "python"), "-W", "error")
    return lambda *words: _run(*command, *words, cwd=tmp_path)


def test_the_source_is_not_beside_it(python: Run) -> None:
    python("-c", FROM_THE_ENVIRONMENT)


def test_the_command(eahas: Run, wheel: Path) -> None:
    assert eahas("--version").split() == ["eahas-plugins", wheel.name.split("-")[1]]
    assert "fashion-nano" in eahas("tasks")
    config = eahas("sample", "fashion-nano", "--seed", "0").splitlines()[0]
    assert json.loads(config)["max_epoch"]
    assert "val_accuracy" in eahas("query", "fashion-nano", "--config", config)


def test_the_readmes_examples_of_the_benchmark(python: Run) -> None:
    plain = [block for block in BLOCKS if not hosts_of(block)]
    assert plain
    for block in plain:
        assert python("-c", block).strip()


def test_the_readmes_examples_of_optuna(environment: Path, python: Run, wheel: Path) -> None:
    blocks = [block for block in BLOCKS if hosts_of(block) == ["optuna"]]
    assert blocks
    pip = str(environment / "bin" / "pip")
    _run(pip, "install", "-q", f"{wheel}[optuna]", cwd=environment)
    for block in blocks:
        python("-c", block)


def another_surrogate(folder: Path) -> Path:
    """A wheel of the older package with this name: two small files."""
    info = "surrogate-0.1.dist-info"
    files = {
        "surrogate/__init__.py": "from surrogate.surrogate import surrogate\n",
        "surrogate/surrogate.py": "def surrogate(path):\n    return path\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: surrogate\nVersion: 0.1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    path = folder / "surrogate-0.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return path


def test_another_package_of_the_same_name_is_said_and_the_remedy_helps(
    environment: Path, tmp_path: Path, wheel: Path, python: Run, eahas: Run
) -> None:
    pip = str(environment / "bin" / "pip")
    program, interpreter = (str(environment / "bin" / name) for name in ("eahas", "python"))
    plugins = (interpreter, "-c", "import eahas_plugins.policy")
    message = "the package `surrogate` must be the benchmark of eahas-plugins"
    _run(pip, "install", "-q", str(another_surrogate(tmp_path)), cwd=tmp_path)
    assert message in _run(program, "tasks", cwd=tmp_path, code=2)
    assert message in _run(*plugins, cwd=tmp_path)
    _run(pip, "uninstall", "-q", "-y", "surrogate", cwd=tmp_path)
    assert message in _run(program, "tasks", cwd=tmp_path, code=2)
    assert message in _run(*plugins, cwd=tmp_path)
    _run(pip, "install", "-q", "--force-reinstall", "--no-deps", str(wheel), cwd=tmp_path)
    assert "fashion-nano" in eahas("tasks")
    python("-c", FROM_THE_ENVIRONMENT)
