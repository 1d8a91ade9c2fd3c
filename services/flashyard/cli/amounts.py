"""Amounts at human precision: bytes, rates, spans of time. Pure."""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(amount: int) -> str:
    """Say an amount of bytes in 1024s, with three digits at most: ``3.00 GiB``, ``20.1 MiB``."""
    value, unit = float(amount), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    digits = 0 if unit == 0 or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f} {_UNITS[unit]}"


def rate(per_second: int) -> str:
    """Say a rate of bytes per second."""
    return f"{size(per_second)}/s"


def duration(seconds: int) -> str:
    """Say a span of time roughly: ``45 s``, ``2 min``, ``1 h 10 min``."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def clock(ms: int) -> str:
    """Say a span of time as a clock runs: ``0:35``, ``1:20``, ``1:02:05``."""
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
