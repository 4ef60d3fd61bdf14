"""Arrays of a ``.npz`` file that nobody vouches for."""

from __future__ import annotations

import io
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eahas_plugins.files.reading import read_bytes, shown_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_ARRAY_BYTES = 256 << 20
"""Memory of all arrays of a file together, by default."""
MAX_ARRAYS = 1000

_SUFFIX = ".npy"
_KINDS = "biuf"  # booleans, integers and floats: nothing that holds objects or text


def read_arrays(
    path: str | Path, *, limit: int = MAX_ARRAY_BYTES, not_finite: Container[str] = ()
) -> dict[str, NDArray[Any]]:
    """The arrays of a ``.npz`` file; see :func:`parse_arrays`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read or is not what such a file is.
    """
    return parse_arrays(read_bytes(path, limit=limit), path, limit=limit, not_finite=not_finite)


def parse_arrays(
    raw: bytes,
    where: str | Path,
    *,
    limit: int = MAX_ARRAY_BYTES,
    not_finite: Container[str] = (),
) -> dict[str, NDArray[Any]]:
    """The arrays of a ``.npz`` file's content, by name. Nothing is unpickled or written.

    Args:
        raw: The content.
        where: The file that an error names.
        limit: Most bytes of all arrays together; checked against the headers before any is read.
        not_finite: Names of the arrays that may hold NaN and infinities; no other may.

    Raises:
        ValueError: If it is not a whole archive of arrays of booleans, integers or floats, or a
            number is not finite.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _arrays(archive, where, limit, not_finite)
    except _DAMAGED as error:
        if isinstance(error, ValueError) and str(error).startswith(f"{where}"):
            raise
        raise ValueError(
            f"{where} must be a whole .npz file but is damaged ({type(error).__name__}: {error})."
        ) from None


# Everything that zipfile, zlib and NumPy's header raise for damaged or unsupported input:
# encrypted entries (RuntimeError), unknown methods (NotImplementedError), headers that are no
# Python literal (SyntaxError, TokenError, MemoryError for nesting), names that are no text.
_DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
)


def _arrays(
    archive: zipfile.ZipFile, where: str | Path, limit: int, not_finite: Container[str]
) -> dict[str, NDArray[Any]]:
    entries = archive.infolist()
    if len(entries) > MAX_ARRAYS:
        raise ValueError(f"{where} must have at most {MAX_ARRAYS} arrays but has {len(entries)}.")
    total = sum(entry.file_size for entry in entries)
    if total > limit:
        raise ValueError(
            f"{where} must unpack to at most {shown_bytes(limit)} but says {total:,} bytes."
        )
    arrays: dict[str, NDArray[Any]] = {}
    for entry in entries:
        name = entry.filename.removesuffix(_SUFFIX)
        if name in arrays or not entry.filename.endswith(_SUFFIX) or {"/", "\\"} & set(name):
            raise ValueError(f"{where} must hold arrays of different names: {entry.filename!r}.")
        if entry.flag_bits & 1 or entry.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise ValueError(f"{where}: {name} must be stored or deflated, and not encrypted.")
        arrays[name] = _array(archive, entry, f"{where}: {name}")
        _check_finite(arrays[name], f"{where}: {name}", name in not_finite)
    return arrays


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> NDArray[Any]:
    import numpy as np

    with archive.open(entry) as stream:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise ValueError(f"{where} must be in .npy format 1 or 2 but has {version}.")
        if dtype.kind not in _KINDS:
            raise ValueError(f"{where} must hold booleans, integers or floats but has {dtype}.")
        n_bytes = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or n_bytes > entry.file_size:
            raise ValueError(f"{where} must have as many numbers as its header says: {shape}.")
        content = stream.read(n_bytes + 1)  # all of it, so that the checksum is looked at
        if len(content) != n_bytes:
            raise ValueError(f"{where} must have {n_bytes} bytes but has another number.")
    array = np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return array.copy(order="K")


def _check_finite(array: NDArray[Any], where: str, exempt: bool) -> None:
    import numpy as np

    if array.dtype.kind == "f" and not exempt and not np.isfinite(array).all():
        raise ValueError(f"{where} must hold finite numbers only.")
