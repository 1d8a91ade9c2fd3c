"""What is at a device's place, seen from outside, without talking to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flashyard.contract.records import Mode


class Sighting(NamedTuple):
    """What a look showed; ``mode`` None: nothing is there.

    ``number`` is another one each time the device enumerates.
    """

    mode: Mode | None
    number: int | None = None


Look = Callable[[], Sighting | None]
"""Looks at the device's place; None: that cannot be seen, as over a network.

Raises `device_mismatch` where another device is there.
"""


def unseen() -> None:
    """Look where nothing can be seen."""
