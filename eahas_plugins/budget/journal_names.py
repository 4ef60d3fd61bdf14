"""What the files of a journal are called; others in its folder are nobody's energy."""

from __future__ import annotations

import re
import uuid

_ATTEMPT = re.compile(r"-?\d+-[0-9a-z]+\.json")
_LOG = re.compile(r"ended-[0-9a-z]+\.jsonl")


def attempt_name(number: int) -> str:
    """A new name for an attempt at a trial."""
    return f"{number:08d}-{uuid.uuid4().hex[:12]}.json"


def log_name() -> str:
    """A new name for a log of attempts that have ended."""
    return f"ended-{uuid.uuid4().hex[:12]}.jsonl"


def is_attempt(name: str) -> bool:
    """Whether a file is one of an attempt; a copy that somebody has renamed is none."""
    return _ATTEMPT.fullmatch(name) is not None


def is_log(name: str) -> bool:
    """Whether a file is a log of attempts that have ended."""
    return _LOG.fullmatch(name) is not None
