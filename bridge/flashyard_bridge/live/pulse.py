"""Is the peer still there? Asked by a ping when it was not heard for a while.

It knows the loop's clock; how to ping and what to do with the dead is its owner's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Pulse:
    """Watches one peer from `start` to `stop`.

    Args:
        ping: called after ``ping_after`` seconds of silence.
        dead: called, once, after ``pong_within`` more seconds of silence.
    """

    def __init__(
        self,
        ping: Callable[[], None],
        dead: Callable[[], None],
        *,
        ping_after: float,
        pong_within: float,
    ) -> None:
        self._ping = ping
        self._dead = dead
        self._ping_after = ping_after
        self._pong_within = pong_within
        self._heard_at = 0.0
        self._asked_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to listen."""
        self.beat()
        self._wait(self._ping_after, self._ask)

    def beat(self) -> None:
        """The peer was heard, or took what waited for it."""
        self._heard_at = asyncio.get_running_loop().time()

    def stop(self) -> None:
        """Listen no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ask(self) -> None:
        now = asyncio.get_running_loop().time()
        silence = now - self._heard_at
        if silence < self._ping_after:
            self._wait(self._ping_after - silence, self._ask)
            return
        self._asked_at = now
        self._ping()
        self._wait(self._pong_within, self._judge)

    def _judge(self) -> None:
        if self._heard_at >= self._asked_at:
            self._ask()
        else:
            self._timer = None
            self._dead()

    def _wait(self, delay: float, then: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay, then)
