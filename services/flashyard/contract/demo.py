"""The demo's devices, which `up --demo` emulates, and the job the bridge's demo starts on each.

Source: the original simulator. Pure data; nobody here knows whether they are running.
"""

from __future__ import annotations

from typing import NamedTuple

_GIB = 1 << 30


class Demo(NamedTuple):
    """A demo device and its job; ``size``: the bytes that are generated."""

    device_id: str
    name: str
    partition: str
    size: int


DEMO = (
    Demo("PIXEL6_001", "Google Pixel 6", "system", 3 * _GIB),
    Demo("SAMSUNG_S21_002", "Samsung Galaxy S21", "boot", 2 * _GIB),
    Demo("ONEPLUS_9_003", "OnePlus 9 Pro", "vendor", 1 * _GIB),
)
