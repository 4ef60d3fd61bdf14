"""The official EA-HAS-Bench checkpoints: imported once as plain arrays, then queried like any task.

Nothing of a checkpoint is unpickled: :mod:`~surrogate.official.unpickling.reader` reads the
opcodes and builds plain values from an allow-list. The imported folder needs NumPy and ConfigSpace
only.
"""

from surrogate.official.benchmark import OfficialBenchmark
from surrogate.official.convert import DATASETS, FORMAT, import_official, load_folder

__all__ = ["DATASETS", "FORMAT", "OfficialBenchmark", "import_official", "load_folder"]
