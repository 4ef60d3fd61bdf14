"""A real limit on the size of files, in a process of its own: writes beyond it come out short."""

import subprocess
import sys

LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write then fails with EFBIG
def limit(n_bytes):
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if n_bytes is None else n_bytes, hard))
"""


def run_limited(code, *arguments):
    """Run code that may call ``limit(bytes)``, and ``limit(None)`` when room comes back."""
    command = [sys.executable, "-c", LIMITED + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
