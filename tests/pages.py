"""The Python examples that stand in a page of Markdown, and what they need."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOSTS = ("optuna", "smac", "hpbandster")


def blocks_of(page: Path) -> list[str]:
    """The blocks of Python, in their order."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def hosts_of(block: str) -> list[str]:
    """The hosts that a block imports."""
    return [host for host in HOSTS if re.search(rf"eahas_plugins\.{host}\b|import {host}\b", block)]
