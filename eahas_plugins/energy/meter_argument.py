"""What is given as a meter."""

from __future__ import annotations


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
