"""Files of lines, plain or gzipped, read one line at a time."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from eahas_plugins.files.json_text import NotJsonError, json_object
from eahas_plugins.files.names import path_argument
from eahas_plugins.files.reading import open_regular, shown_bytes

MAX_LINE_BYTES = 16 << 20
"""Length of one line."""
MAX_LINES_BYTES = 512 << 20
"""Size of a whole file, unpacked, by default."""
MAX_RATIO = 100
"""How many times smaller a packed file may be than its lines: such files are 3 to 10 times smaller,
a bomb 1,000 times."""
MAX_BLANK_LINES = 10_000
MAX_TORN_LINES = 100

_CHUNK = 1 << 20
_FREE_BYTES = 4 << 20  # below this a ratio says nothing: a short file may repeat itself


class Line(NamedTuple):
    """One line of a file.

    Args:
        number: Its place, from 1.
        text: Its bytes, without the line break.
        ended: Whether there is a line break; only the last line may lack it.
    """

    number: int
    text: bytes
    ended: bool


def read_lines(path: str | Path, *, limit: int = MAX_LINES_BYTES) -> Iterator[Line]:
    """The lines of a file; it is gzip if its name ends in ``.gz``.

    Args:
        path: The file.
        limit: Most bytes, unpacked.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read, is not whole, or is larger than the limits.
    """
    path = path_argument("path", path)
    with open_regular(path) as file:
        packed = path.suffix == ".gz"
        chunks = iter(lambda: file.read(_CHUNK), b"")
        yield from _split(_unpacked(chunks, path) if packed else chunks, path, limit)


def parse_lines(
    raw: bytes, where: str | Path, *, packed: bool = False, limit: int = MAX_LINES_BYTES
) -> Iterator[Line]:
    """The lines of a file's content; see :func:`read_lines`.

    Args:
        raw: The content.
        where: The file that an error names.
        packed: Whether it is gzip.
        limit: Most bytes, unpacked.

    Raises:
        ValueError: If it is not whole or larger than the limits.
    """
    stream = io.BytesIO(raw)
    chunks = iter(lambda: stream.read(_CHUNK), b"")
    yield from _split(_unpacked(chunks, where) if packed else chunks, where, limit)


def read_json_lines(
    path: str | Path,
    *,
    limit: int = MAX_LINES_BYTES,
    allow_nan: bool = False,
    torn: list[str] | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects of a file, one per line, with their line's number; blank lines are skipped.

    Args:
        path: The file; gzip if its name ends in ``.gz``.
        limit: Most bytes, unpacked.
        allow_nan: See :func:`parse_json`.
        torn: If given, a line that is not JSON is left out, as a crash leaves a half line behind,
            and its message is added here; at most :data:`MAX_TORN_LINES`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read, is not whole, larger than the limits, or a line is no
            JSON object; the message names the file and the line.
    """
    yield from objects_of(read_lines(path, limit=limit), path, allow_nan=allow_nan, torn=torn)


def objects_of(
    lines: Iterable[Line],
    where: str | Path,
    *,
    allow_nan: bool = False,
    torn: list[str] | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The same of lines that have been read; see :func:`read_json_lines`.

    Raises:
        ValueError: If a line is no JSON object.
    """
    for line in lines:
        if not line.text.strip():
            continue
        try:
            value = json_object(line.text, f"{where}, line {line.number},", allow_nan=allow_nan)
        except NotJsonError as error:
            if torn is None:
                raise
            torn.append(str(error))
            if len(torn) > MAX_TORN_LINES:
                raise ValueError(
                    f"{where} must be a file of JSON lines, but over {MAX_TORN_LINES} are not. "
                    f"The first: {torn[0]}"
                ) from None
            continue
        yield line.number, value


def _split(chunks: Iterable[bytes], where: str | Path, limit: int) -> Iterator[Line]:
    number, blank, total = 0, 0, 0
    begun: list[bytes] = []  # of the line that is not at its end yet
    length = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit:
            raise ValueError(f"{where} must have at most {shown_bytes(limit)} but has more.")
        first, *others = chunk.split(b"\n")
        begun.append(first)
        length += len(first)
        _check_length(length, where, number + 1)
        for other in others:
            number += 1
            text = b"".join(begun)
            blank = 0 if text else blank + 1
            if blank > MAX_BLANK_LINES:
                raise ValueError(f"{where} must not have over {MAX_BLANK_LINES} empty lines.")
            yield Line(number, text, True)
            begun, length = [other], len(other)
    if length:
        yield Line(number + 1, b"".join(begun), False)


def _check_length(length: int, where: str | Path, number: int) -> None:
    if length > MAX_LINE_BYTES:
        raise ValueError(
            f"{where}, line {number}, must have at most {shown_bytes(MAX_LINE_BYTES)} but has more."
        )


def _unpacked(chunks: Iterable[bytes], where: str | Path) -> Iterator[bytes]:
    """The content of a gzip file, which may have several members, in small pieces."""
    n_packed = n_unpacked = 0
    stream = zlib.decompressobj(wbits=_GZIP)
    fresh = True  # between two members
    try:
        for chunk in chunks:
            n_packed += len(chunk)
            rest = chunk
            while rest:
                if fresh and not (rest := rest.lstrip(b"\0") if n_unpacked else rest):
                    break  # padding after the last member, as `gzip` allows it
                piece = stream.decompress(rest, _CHUNK)
                fresh = stream.eof
                n_unpacked += len(piece)
                n_taken = n_packed - len(stream.unconsumed_tail)
                if n_unpacked > max(_FREE_BYTES, MAX_RATIO * n_taken):
                    raise ValueError(
                        f"{where} must not unpack to over {MAX_RATIO} times its size but does."
                    )
                if piece:
                    yield piece
                rest = stream.unused_data if stream.eof else stream.unconsumed_tail
                if stream.eof:
                    stream = zlib.decompressobj(wbits=_GZIP)
    except zlib.error as error:
        raise ValueError(f"{where} must be a whole gzip file but is damaged: {error}.") from None
    if not fresh or not n_packed:
        raise ValueError(f"{where} must be a whole gzip file but ends too early.")


_GZIP = 16 + zlib.MAX_WBITS
