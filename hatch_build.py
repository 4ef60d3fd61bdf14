"""Ends the build on a Python that is too old: asked for extras, pip tries others for minutes."""

from __future__ import annotations

import sys
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python builds this
    sys.exit(f"eahas-plugins needs Python 3.11 or later but this is {sys.version.split()[0]}")


class Unchanged(MetadataHookInterface):
    """Hatchling reads this file for its sake; it changes nothing in the metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Leave the metadata as they are."""
