"""A clock for threads: time passes only while all of them sleep, and then to the next to wake."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread

_PATIENCE = 30.0  # real seconds, for a thread that never sleeps


class CommonTime:
    """Seconds from 0. :meth:`run` gives each of its calls a thread; only those may sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self._awake = 0
        self._wakes: list[float] = []
        self._turned = Condition()

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        """Sleep as :meth:`threading.Event.wait` of an event that never comes."""
        with self._turned:
            mine = self.now + seconds
            self._wakes.append(mine)
            self._awake -= 1
            self._pass()
            assert self._turned.wait_for(lambda: self.now >= mine, _PATIENCE)
            self._wakes.remove(mine)
            self._awake += 1
        return False

    def run(self, *calls: Callable[[], object]) -> None:
        """Carry them out side by side, and return once all have ended."""
        self._awake = len(calls)
        threads = [Thread(target=self._live, args=(call,), daemon=True) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_PATIENCE)
            assert not thread.is_alive()

    def _live(self, call: Callable[[], object]) -> None:
        try:
            call()
        finally:
            with self._turned:
                self._awake -= 1
                self._pass()

    def _pass(self) -> None:
        if not self._awake and self._wakes:
            self.now = max(self.now, min(self._wakes))
            self._turned.notify_all()
