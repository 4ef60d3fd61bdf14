"""Reading a file of bounded size."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from eahas_plugins.files.names import path_argument


def read_bytes(path: str | Path, *, limit: int) -> bytes:
    """The content of a file.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is no regular file, has more than ``limit`` bytes or cannot be read.
    """
    with open_regular(path_argument("path", path)) as file:
        raw = file.read(limit + 1)
    if len(raw) > limit:
        raise ValueError(f"{path} must have at most {shown_bytes(limit)} but has more.")
    return raw


@contextlib.contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """A regular file, opened; what the operating system refuses becomes a ValueError.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is no regular file (a pipe could be waited for) or cannot be read.
    """
    try:
        check_regular(path)
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{path} must be readable but is not: {error.strerror}.") from None


def check_regular(path: Path) -> None:
    """Refuse what is there and no regular file; asked once, for it may go at any moment.

    Raises:
        FileNotFoundError: If there is nothing.
        ValueError: If it is no regular file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f"{path} must be a regular file.")


def shown_bytes(n: int) -> str:
    """A limit in the largest unit that gives a whole number."""
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if n and not n % (1 << shift):
            return f"{n >> shift} {unit}"
    return f"{n} bytes"
