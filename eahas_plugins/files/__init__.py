"""Files that are written whole or not at all, and read without trust.

Whatever is in a file, its reader gives the content or a ``ValueError`` that names the file, in
memory and time that are bounded by its limits. Only the standard library is needed, and NumPy for
arrays.
"""

from eahas_plugins.files.arrays import MAX_ARRAY_BYTES, parse_arrays, read_arrays
from eahas_plugins.files.fields import as_dataclass
from eahas_plugins.files.json_text import (
    MAX_DEPTH,
    MAX_JSON_BYTES,
    NotJsonError,
    json_object,
    parse_json,
    read_json,
    read_json_object,
)
from eahas_plugins.files.line_file import FileInUseError, LineFile
from eahas_plugins.files.lines import (
    MAX_LINE_BYTES,
    MAX_LINES_BYTES,
    Line,
    objects_of,
    parse_lines,
    read_json_lines,
    read_lines,
)
from eahas_plugins.files.names import path_argument
from eahas_plugins.files.reading import read_bytes
from eahas_plugins.files.writing import write_atomically, write_json

__all__ = [
    "MAX_ARRAY_BYTES",
    "MAX_DEPTH",
    "MAX_JSON_BYTES",
    "MAX_LINES_BYTES",
    "MAX_LINE_BYTES",
    "FileInUseError",
    "Line",
    "LineFile",
    "NotJsonError",
    "as_dataclass",
    "json_object",
    "objects_of",
    "parse_arrays",
    "parse_json",
    "parse_lines",
    "path_argument",
    "read_arrays",
    "read_bytes",
    "read_json",
    "read_json_lines",
    "read_json_object",
    "read_lines",
    "write_atomically",
    "write_json",
]
