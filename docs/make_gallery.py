"""Makes the pictures of ``gallery.md`` by running its examples: ``python docs/make_gallery.py``."""

from __future__ import annotations

import os
import re
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "agg")

HERE = Path(__file__).parent


def main() -> None:
    """Run every Python block of the page where its pictures belong."""
    folder = HERE / "gallery"
    folder.mkdir(exist_ok=True)
    page = (HERE / "gallery.md").read_text()
    os.chdir(folder)
    for block in re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL):
        exec(compile(block, "gallery.md", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
