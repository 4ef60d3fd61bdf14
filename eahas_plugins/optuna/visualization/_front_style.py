"""What the figures of fronts have in common in both libraries."""

from __future__ import annotations

DOTS_COLOR = "#c8ced6"
_FIRST, _LAST = (0x9E, 0xC9, 0xE2), (0x08, 0x30, 0x6B)


def shade(position: int, n: int) -> str:
    """The colour of one of ``n`` curves: the later, the darker."""
    part = 1.0 if n == 1 else position / (n - 1)
    mixed = (round(a + part * (b - a)) for a, b in zip(_FIRST, _LAST, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def of_studies(n: int) -> str:
    """How many studies, for a title."""
    return "1 Study" if n == 1 else f"{n} Studies"
