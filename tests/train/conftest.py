import gzip
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random images in the published format: 8,000 for training, 4,000 for testing."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for part, n in (("train", 8000), ("t10k", 4000)):
        labels = rng.integers(10, size=n, dtype=np.uint8)
        pixels = rng.integers(100, size=(n, 28, 28), dtype=np.uint8)
        pixels += (labels[:, None, None] * 15).astype(np.uint8)
        for name, values in (("images-idx3", pixels), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, dtype=">i4").tobytes()
            path = folder / f"{part}-{name}-ubyte.gz"
            path.write_bytes(gzip.compress(head + values.tobytes(), compresslevel=1))
    return folder
