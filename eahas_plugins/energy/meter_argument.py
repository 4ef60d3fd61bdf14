"""What is given as a meter, and what it answers."""

from __future__ import annotations

from eahas_plugins.energy.readings import EnergyMeter, MeterError, Reading


def check_meter(meter: object, *, auto: bool = True) -> None:
    """Check what is given as a meter.

    Args:
        meter: What is given.
        auto: Whether it may be ``"auto"``.

    Raises:
        ValueError: If it is text but not ``"auto"``.
        TypeError: If it is no meter, or the class of one.
    """
    or_auto = " or 'auto'" if auto else ""
    if isinstance(meter, str) and auto:
        if meter != "auto":
            raise ValueError(f"meter must be a meter or 'auto' but got {meter!r}")
        return
    if isinstance(meter, type) or not all(hasattr(meter, name) for name in ("provenance", "read")):
        made = f": make one, {meter.__name__}(...)" if isinstance(meter, type) else ""
        raise TypeError(f"meter must be a meter{or_auto} but got {meter!r}{made}")


def answer_of(meter: EnergyMeter) -> Reading:
    """Read a meter, which may be one of the user's own.

    Raises:
        MeterError: If it does not answer, whatever it raises, or answers with no reading.
    """
    try:
        reading = meter.read()
    except MeterError:
        raise
    except Exception as error:  # a plug that is asked over the network, a file, a bug
        name = meter.provenance.meter
        raise MeterError(f"{name!r} does not answer ({type(error).__name__}: {error})") from error
    if not isinstance(reading, Reading):
        name = meter.provenance.meter
        raise MeterError(f"the meter {name!r} must answer with a Reading but got {reading!r}")
    return reading
