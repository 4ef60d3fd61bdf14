"""GPU work is asynchronous: before its energy is read, wait until it is done."""

from __future__ import annotations

import contextlib
import sys
from typing import Any


def wait_for_gpu() -> None:
    """Wait for the GPU work of PyTorch and CuPy, where they are loaded and use a GPU.

    Never imports them and never raises: an error of the GPU is the training's, which will meet it.
    """
    torch: Any = sys.modules.get("torch")
    cupy: Any = sys.modules.get("cupy")
    with contextlib.suppress(Exception):  # such as: it is not loaded
        # Waiting inside the capture of a CUDA graph would break the capture.
        if torch.cuda.is_initialized() and not torch.cuda.is_current_stream_capturing():
            for index in range(torch.cuda.device_count()):
                # Where this process keeps no memory it has no work, and to wait there would set
                # up the GPU, at hundreds of MB.
                if torch.cuda.memory_reserved(index) or index == torch.cuda.current_device():
                    torch.cuda.synchronize(index)
    with contextlib.suppress(Exception):
        cupy.cuda.runtime.deviceSynchronize()
