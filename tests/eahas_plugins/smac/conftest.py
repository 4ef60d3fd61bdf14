from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import joblib
import pytest

LIMIT_S = 600  # of a machine that does much else


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


@pytest.fixture
def said() -> Iterator[Callable[[], str]]:
    """What the package has logged so far; SMAC takes the root's handlers away, pytest's too."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("eahas_plugins")
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield lambda: "\n".join(lines)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
