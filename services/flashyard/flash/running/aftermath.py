"""What a run has left on the device so far, in words for people; the newest word of each thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a run tells what an earlier one has left
    from flashyard.flash.running.run import Run

UNTOUCHED = "untouched"
_LONGEST = 900  # characters; of more things the newest words are the ones that matter


class Aftermath:
    """Keeps ``run.device_state`` true. Note what may be before it is done, and what is after."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._left: dict[str, str] = dict(run.mark.left)

    def note(self, what: str, how: str) -> None:
        """Say how something is left now, such as `boot_a`, `partly written`."""
        self._left[what] = how
        self._tell()

    def forget(self, what: str) -> None:
        """Say that something is as if it had not been touched."""
        self._left.pop(what, None)
        self._tell()

    def _tell(self) -> None:
        self._run.left(dict(self._left), in_words(self._left))


def in_words(left: Mapping[str, str]) -> str:
    """Say in one line what is left on a device, the newest last."""
    told = ", ".join(f"{name} {state}" for name, state in left.items())
    if len(told) > _LONGEST:
        told = f"…, {told[-_LONGEST:].partition(', ')[2]}"
    return told or UNTOUCHED
