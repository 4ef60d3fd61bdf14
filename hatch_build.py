"""The package's description and links, and an early end of the build on a Python that is too old.

Asked for extras on an old Python, pip tries other packages for minutes; here it is told at once.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python builds this
    sys.exit(f"eahas-plugins needs Python 3.11 or later but this is {sys.version.split()[0]}")

_LINK = re.compile(r"(?P<before>(?P<image>!?)\[[^\]]*\]\()(?P<target>[^)\s]+)(?=\))")


def description(readme: str, *, repository: str, version: str) -> str:
    """The README as a package index shows it, far from the files that it names.

    Links become those of the repository at the version's tag, pictures those of its raw files.
    Links within the page stay.
    """

    def absolute(link: re.Match[str]) -> str:
        target = link["target"]
        if "://" in target or target.startswith("#"):
            return link[0]
        kind = "raw" if link["image"] else "blob"
        return f"{link['before']}{repository}/{kind}/v{version}/{target}"

    return _LINK.sub(absolute, readme)


class Description(MetadataHookInterface):
    """Readme and project URLs, made from the one address in ``pyproject.toml``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in what ``pyproject.toml`` calls dynamic."""
        repository, version = self.config["repository"], metadata["version"]
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": description(readme, repository=repository, version=version),
        }
        metadata["urls"] = {
            "Homepage": repository,
            "Documentation": f"{repository}/blob/v{version}/docs/index.md",
            "Changelog": f"{repository}/blob/v{version}/CHANGELOG.md",
            "Issues": f"{repository}/issues",
        }
