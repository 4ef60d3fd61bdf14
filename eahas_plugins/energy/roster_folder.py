"""Where the files lie in which trials note which devices they use."""

from __future__ import annotations

import contextlib
import os
import platform
import stat
import tempfile
from pathlib import Path

FOLDER_VARIABLE = "EAHAS_ENERGY_DIR"


def private_folder() -> Path:
    """Return the user's folder in the temporary one, which nobody else may read or write.

    Raises:
        PermissionError: If somebody else has made it.
    """
    if not hasattr(os, "getuid"):  # Windows, where the temporary folder is the user's own
        return Path(tempfile.gettempdir()) / "eahas-energy"
    folder = Path(tempfile.gettempdir()) / f"eahas-energy-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(
            f"{folder} must be a folder of this user but is not; set {FOLDER_VARIABLE} to one"
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


def chosen_folder() -> Path:
    """Return the folder of the environment variable, else the private one.

    Raises:
        OSError: If there is none that can be used.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    if not chosen:
        return private_folder()
    try:
        return Path(chosen).expanduser().absolute()  # a training may change its folder
    except RuntimeError as error:  # nobody's home
        raise NotADirectoryError(f"{FOLDER_VARIABLE} is {chosen!r}: {error}") from error


def make_folder(folder: Path) -> None:
    """Make a folder if it is not there: for all who may use the one that it lies in.

    Raises:
        OSError: If it cannot be made.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        folder.mkdir(exist_ok=True)  # raises if it is none
        return
    with contextlib.suppress(OSError):  # a file system without rights
        folder.chmod(stat.S_IMODE(folder.parent.stat().st_mode))


def let_read(file: Path) -> None:
    """Let all read a file who may use its folder, whatever the user's umask says of others."""
    with contextlib.suppress(OSError):
        file.chmod(0o644)


def boot_id() -> str:
    """Return what tells this start of the machine from others: monotonic time begins anew."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return platform.node()
