from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType

import joblib
import pytest

LIMIT_S = 180


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """SMAC's forest starts a pool of threads per prediction, which is most of a small run."""
    with joblib.parallel_config(backend="sequential"):
        yield


@pytest.fixture(autouse=True)
def time_limit() -> Iterator[None]:
    """Nothing may hang."""

    def expire(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"the test must end within {LIMIT_S} s but hangs.")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
