"""Fashion-MNIST files that are damaged, hostile or somebody else's."""

import gzip

import numpy as np
import pytest

from benchmarks.collection.training.data import MAX_IDX_BYTES, _read_idx

LABELS = bytes([0, 0, 8, 1]) + (3).to_bytes(4, "big") + b"\x01\x02\x03"


def test_labels_are_read(tmp_path):
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(LABELS))
    np.testing.assert_array_equal(_read_idx(path, n_dims=1), [1, 2, 3])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no gzip",
        gzip.compress(LABELS)[:-9],
        gzip.compress(LABELS)[:12] + b"\xff" * 8,
        gzip.compress(b""),
        gzip.compress(LABELS[:6]),
        gzip.compress(LABELS + b"\x00"),
        gzip.compress(bytes([0, 0, 8, 3]) + LABELS[4:]),
        gzip.compress(LABELS[:4] + b"\xff" * 4 + b"\x00"),
        gzip.compress(LABELS[:4] + b"\x00" * (MAX_IDX_BYTES + 10)),
    ],
)
def test_what_is_no_such_file_is_named(tmp_path, raw):
    path = tmp_path / "labels.gz"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"labels\.gz"):
        _read_idx(path, n_dims=1)


def test_a_missing_file_says_how_to_get_it(tmp_path):
    with pytest.raises(ValueError, match="apt-get install dataset-fashion-mnist"):
        _read_idx(tmp_path / "labels.gz", n_dims=1)
