"""A part that is given to a device no faster than is allowed.

It stands between a source and any kind of target, and knows neither.
"""

from __future__ import annotations

from dataclasses import replace

from flashyard.flash.source import Buffers, Part
from flashyard.flash.throttle.allowance import Allowance, Wait


class Paced:
    """Pays for bytes before a target gets them, and for what it makes of them as it tells.

    Attributes:
        part: send this one: the same bytes, in pieces small enough to be let go one by one.
    """

    def __init__(self, part: Part, allowance: Allowance, wait: Wait) -> None:
        self.part = replace(part, buffers=self._buffers)
        self._whole = part
        self._allowance = allowance
        self._wait = wait
        self._paid = 0  # bytes the target may send
        self._sent = 0
        self._is_free = True  # was the last piece given without a limit?

    def took(self, wire: int) -> None:
        """Hear how many bytes the target has sent.

        A disk is sent more than it was given where a fill is spelled out: that is paid for now.
        """
        self._sent += wire
        owed = self._sent - self._paid
        if owed <= 0:
            return
        if not self._is_free:
            self._allowance.take(owed, self._wait)
        self._paid = self._sent
        # What a limit met on its way was nobody's to pay for; what comes after it is.
        self._is_free = self._allowance.portion is None

    def _buffers(self) -> Buffers:
        for data, content in self._whole.buffers():
            if self._allowance.portion is None:
                self._is_free = True
                yield data, content
            else:
                yield from self._cut(memoryview(data), content)

    def _cut(self, data: memoryview, content: int) -> Buffers:
        """Give one buffer piece by piece; its content is counted in proportion to its bytes."""
        done = told = 0
        while done < len(data):
            portion = self._allowance.portion
            piece = data[done:] if portion is None else data[done : done + portion]
            self._is_free = portion is None
            # Not granted: the run is about to end, and sees it once this little more is taken.
            self._allowance.take(len(piece), self._wait)
            self._paid += len(piece)
            done += len(piece)
            so_far = content * done // len(data)
            yield piece, so_far - told
            told = so_far
