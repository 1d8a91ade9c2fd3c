"""What is wrong with a hub now, as its presence tells it. Each is there as long as one has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flashyard.contract.faults import Code, Fault
from flashyard.contract.troubles import Trouble


class Troubles:
    """The troubles of a hub.

    Args:
        now: Unix ms.

    Attributes:
        changed: called after one has come or gone.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self.changed: Callable[[], None] = lambda: None
        self._now = now
        self._held: Counter[Code] = Counter()
        self._told: dict[Code, Trouble] = {}

    @property
    def told(self) -> tuple[Trouble, ...]:
        """The troubles there are, the oldest first."""
        return tuple(self._told.values())

    @contextmanager
    def having(self, why: Fault) -> Iterator[None]:
        """Have a trouble while inside; of one code several have the first one's words."""
        self._held[why.code] += 1
        if why.code not in self._told:
            self._told[why.code] = Trouble(
                code=why.code, error=why.sentence, hint=why.hint, since=self._now()
            )
            self.changed()
        try:
            yield
        finally:
            self._held[why.code] -= 1
            if not self._held[why.code]:
                del self._told[why.code]
                self.changed()
