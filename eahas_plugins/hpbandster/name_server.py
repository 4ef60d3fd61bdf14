"""HpBandSter's threads, which do not keep a script that has failed from ending.

HpBandSter starts a thread for the name server and one for the optimiser's dispatcher, and Python
waits for both at its end: a script that raises before it has shut them down hangs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from hpbandster.core import nameserver as theirs

T = TypeVar("T")


def check_run_id(run_id: object, *, name: str = "run_id") -> None:
    """Refuse a name under which nobody would be found.

    Args:
        run_id: What is part of it.
        name: What the message calls that.

    Raises:
        ValueError: If it has a blank or an "@", or is empty.
    """
    text = str(run_id)
    if not text or "@" in text or any(character.isspace() for character in text):
        raise ValueError(
            f"{name} must be a name without blanks and '@' but got {run_id!r}: master, workers "
            "and name server find each other by it."
        )


def with_daemons(call: Callable[[], T]) -> T:
    """What a call returns; the threads that it starts end with the process.

    A thread is a daemon if the one that started it is, so the call is made by one.

    Raises:
        BaseException: What the call raises.
    """
    found: list[T] = []
    errors: list[BaseException] = []

    def make() -> None:
        try:
            found.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return found[0]


class NameServer(theirs.NameServer):
    """HpBandSter's name server, as a context that says where it is.

    Example:
        >>> from eahas_plugins.hpbandster import EnergyBOHB, NameServer, SurrogateWorker
        >>> with NameServer(run_id="a", host="127.0.0.1") as where:  # doctest: +SKIP
        ...     SurrogateWorker(bench, fidelity="schedule", **where).run(background=True)
        ...     with EnergyBOHB(space, budget_kwh=0.5, ..., **where) as bohb:
        ...         result = bohb.run()

    At its end the server is shut down, whatever has been raised. Without ``with`` it is used as
    HpBandSter's, and a script that fails before ``shutdown`` ends all the same.

    Args:
        run_id: The run.
        working_directory: Where HpBandSter leaves a file with host and port, if anywhere.
        host: The host, or address, to serve at.
        port: The port; 0 for any.
        nic_name: The network card to serve at, where no host is given.

    Raises:
        ValueError: If the run's name has a blank or an "@".
    """

    def __init__(
        self,
        run_id: str,
        working_directory: str | None = None,
        host: str | None = None,
        port: int = 0,
        nic_name: str | None = None,
    ) -> None:
        super().__init__(run_id, working_directory, host, port, nic_name)
        check_run_id(run_id)  # after it: what was not made cannot be shut down

    def start(self) -> tuple[str, int]:
        """Serve; returns host and port.

        Raises:
            OSError: If it cannot serve there.
        """
        try:
            found: tuple[str, int] = with_daemons(super().start)
        except OSError as error:
            raise OSError(
                f"a name server must be able to serve at {self.host}:{self.port} but cannot "
                f"({error}): give port=0 for any free one, or another host."
            ) from error
        return found

    def __enter__(self) -> dict[str, Any]:
        """Serve; returns the arguments ``run_id``, ``nameserver`` and ``nameserver_port``."""
        host, port = self.start()
        return {"run_id": self.run_id, "nameserver": host, "nameserver_port": port}

    def __exit__(self, *raised: object) -> None:
        """Shut down."""
        self.shutdown()
