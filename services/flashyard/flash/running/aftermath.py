"""What a run has left on the device so far, in words for people; the newest word of each thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a run tells what an earlier one has left
    from flashyard.flash.running.run import Run

UNTOUCHED = "untouched"
_BACK = {"verified": "written back, verified"}
_LONGEST = 900  # characters; of more things the newest words are the ones that matter


class Aftermath:
    """Keeps ``run.device_state`` true. Note what may be before it is done, and what is after."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._left: dict[str, str] = dict(run.mark.left)
        self._is_back = False
        if self._left:
            self._tell()

    def note(self, what: str, how: str) -> None:
        """Say how something is left now, such as `boot_a`, `partly written`."""
        if self._is_back:
            how = _BACK.get(how, how.replace("written", "written back"))
        self._left[what] = how
        self._tell()

    def forget(self, what: str) -> None:
        """Say that something is as if it had not been touched."""
        self._left.pop(what, None)
        self._tell()

    def turn_back(self) -> None:
        """Say from now on of what is written that it is what was there before."""
        self._is_back = True

    def _tell(self) -> None:
        self._run.left(dict(self._left), in_words(self._left))


def places_in(left: Mapping[str, str]) -> frozenset[str]:
    """Tell which of the things left are places that were changed, or may have been."""
    return frozenset(name for name in left if name != "device" and not name.startswith("slot "))


def in_words(left: Mapping[str, str]) -> str:
    """Say in one line what is left on a device, the newest last."""
    told = ", ".join(f"{name} {state}" for name, state in left.items())
    if len(told) > _LONGEST:
        told = f"…, {told[-_LONGEST:].partition(', ')[2]}"
    return told or UNTOUCHED
