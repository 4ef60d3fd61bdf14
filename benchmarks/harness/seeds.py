"""Seeds from named parts: the same parts give the same seed on every machine."""

from __future__ import annotations

import hashlib
import json


def derive_seed(*parts: object, bits: int = 63) -> int:
    """A seed below ``2**bits`` from JSON-able parts; another part, another seed."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") % 2**bits
