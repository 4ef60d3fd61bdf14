"""Fashion-MNIST at 14x14 pixels, split into training, validation and test images."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

FOLDER_VARIABLE = "FASHION_MNIST_DIR"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
N_PER_SPLIT = 4000
SPLIT_SEED = 20230501
MAX_IDX_BYTES = 64 << 20
"""The largest of the four files has 47 MB, unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Normalised images of shape (n, 1, 14, 14) and their labels of shape (n,)."""

    images: torch.Tensor
    labels: torch.Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """4,000 images each; training and validation images come from the published training set."""

    train: Split
    val: Split
    test: Split

    def to(self, device: torch.device) -> Splits:
        """The same images on another device."""
        moved = {
            name: Split(images=split.images.to(device), labels=split.labels.to(device))
            for name, split in (("train", self.train), ("val", self.val), ("test", self.test))
        }
        return Splits(**moved)


def load_splits(folder: Path | None = None) -> Splits:
    """Read the four published files and make the splits, the same ones on every machine.

    Args:
        folder: Where the ``*-ubyte.gz`` files lie; by default ``$FASHION_MNIST_DIR``, else where
            Debian's package ``dataset-fashion-mnist`` puts them.

    Raises:
        ValueError: If a file is missing or not an IDX file.
    """
    folder = folder or Path(os.environ.get(FOLDER_VARIABLE, DEBIAN_FOLDER))
    rng = np.random.default_rng(SPLIT_SEED)
    images, labels = _read(folder, "train")
    order = rng.permutation(len(images))
    chosen = [order[:N_PER_SPLIT], order[N_PER_SPLIT : 2 * N_PER_SPLIT]]
    test_images, test_labels = _read(folder, "t10k")
    test_chosen = rng.permutation(len(test_images))[:N_PER_SPLIT]
    mean, std = images[chosen[0]].mean(), images[chosen[0]].std()

    def split(pixels: torch.Tensor, targets: torch.Tensor, rows: np.ndarray) -> Split:
        normal = ((pixels[rows] - mean) / std).contiguous(memory_format=torch.channels_last)
        return Split(images=normal, labels=targets[rows])

    return Splits(
        train=split(images, labels, chosen[0]),
        val=split(images, labels, chosen[1]),
        test=split(test_images, test_labels, test_chosen),
    )


def _read(folder: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = _read_idx(folder / f"{part}-images-idx3-ubyte.gz", n_dims=3)
    labels = _read_idx(folder / f"{part}-labels-idx1-ubyte.gz", n_dims=1)
    images = torch.from_numpy(pixels.astype(np.float32) / 255.0).unsqueeze(1)
    return torch.nn.functional.avg_pool2d(images, 2), torch.from_numpy(labels.astype(np.int64))


def _read_idx(path: Path, *, n_dims: int) -> np.ndarray:
    if not path.is_file():
        raise ValueError(
            f"Fashion-MNIST must lie in {path.parent} but {path.name} is missing: run 'apt-get "
            f"install dataset-fashion-mnist', or set {FOLDER_VARIABLE} to a folder with the four "
            "files."
        )
    start = 4 + 4 * n_dims
    try:
        with gzip.open(path) as stream:
            raw = stream.read(MAX_IDX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} must be a whole gzip file: {error}; get it again.") from None
    whole = start <= len(raw) <= MAX_IDX_BYTES and raw[:4] == bytes([0, 0, 8, n_dims])
    shape = [int.from_bytes(raw[at : at + 4], "big") for at in range(4, start, 4)]
    if not whole or math.prod(shape) != len(raw) - start:
        raise ValueError(f"{path} is not an IDX file of {n_dims} dimensions: get it again.")
    return np.frombuffer(raw, dtype=np.uint8, offset=start).reshape(shape)
