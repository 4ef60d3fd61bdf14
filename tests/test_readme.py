"""The examples of the README and of the pages under docs run as they are printed."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)


BLOCKS = _blocks(ROOT / "README.md")
ON_PAGES = [block for page in sorted((ROOT / "docs").glob("*.md")) for block in _blocks(page)]
HOSTS = ("optuna", "smac", "hpbandster")


def _hosts(block: str) -> list[str]:
    return [host for host in HOSTS if re.search(rf"eahas_plugins\.{host}\b|import {host}\b", block)]


def test_there_is_an_example_for_every_host() -> None:
    assert {host for block in BLOCKS for host in _hosts(block)} == set(HOSTS)
    for block in BLOCKS:
        assert len(block.splitlines()) <= 16, block


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "block", BLOCKS + ON_PAGES, ids=lambda block: "-".join(_hosts(block)) or "core"
)
def test_example_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [host for host in _hosts(block) if importlib.util.find_spec(host) is None]
    if missing:
        # HpBandSter and SMAC are tested in environments of their own; each has its example run.
        pytest.skip(f"{missing[0]} is tested in its own environment")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "example", "exec"), {"__name__": "__main__"})
