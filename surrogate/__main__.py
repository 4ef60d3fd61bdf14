"""The program ``eahas``, also by ``python -m surrogate``."""

from __future__ import annotations

import sys
from warnings import catch_warnings, simplefilter

with catch_warnings():
    simplefilter("ignore")  # main() says it
    from eahas_plugins.namesake import displaced


def main() -> None:
    """Run the command, if nobody else's package of the same name is in the place of this one.

    Raises:
        SystemExit: With the command's exit code.
    """
    message = displaced()
    if message is not None:
        sys.stderr.write(f"Error: {message}\n")
        raise SystemExit(2)
    from surrogate.cli import main as run

    run()


if __name__ == "__main__":
    main()
