"""The examples of the README run as they are printed."""

import importlib.util
import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(), flags=re.MULTILINE | re.DOTALL)
HOSTS = ("optuna", "smac", "hpbandster")


def _hosts(block: str) -> list[str]:
    return [host for host in HOSTS if re.search(rf"eahas_plugins\.{host}\b|import {host}\b", block)]


def test_there_is_an_example_for_every_host() -> None:
    assert {host for block in BLOCKS for host in _hosts(block)} == set(HOSTS)
    for block in BLOCKS:
        assert len(block.splitlines()) <= 16, block


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: "-".join(_hosts(block)) or "core")
def test_example_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [host for host in _hosts(block) if importlib.util.find_spec(host) is None]
    if missing:
        # HpBandSter and SMAC are tested in environments of their own; each has its example run.
        pytest.skip(f"{missing[0]} is tested in its own environment")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})
