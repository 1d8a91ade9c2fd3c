"""Which records are under way: sent, not acknowledged yet, and due again after a while. Pure.

It knows them by the number of their end and by their job, and has none of their bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from flashyard.agent.recovery.backoff import Backoff

SIZE = 16


@dataclass(slots=True)
class _Sent:
    """One record: how often it was sent, and when it is to be sent again."""

    job_id: str
    times: int = 0
    due: float = 0.0


class Window:
    """At most ``size`` records.

    Args:
        backoff: seconds until one is sent again.
        clock: monotonic seconds.

    Attributes:
        last: the number of the one that was taken in last; those after it come next.
    """

    def __init__(self, backoff: Backoff, clock: Callable[[], float], size: int = SIZE) -> None:
        self.last = 0
        self._backoff = backoff
        self._clock = clock
        self._size = size
        self._sent: dict[int, _Sent] = {}

    def __len__(self) -> int:
        return len(self._sent)

    @property
    def numbers(self) -> list[int]:
        """Those under way, the oldest first."""
        return sorted(self._sent)

    @property
    def room(self) -> int:
        """How many more there may be."""
        return self._size - len(self._sent)

    @property
    def next_due(self) -> float | None:
        """When the first of them is to be sent again; None: there are none."""
        return min((each.due for each in self._sent.values()), default=None)

    @property
    def is_unanswered(self) -> bool:
        """Was any of them sent again, for want of an answer?"""
        return any(each.times > 1 for each in self._sent.values())

    def begin_anew(self) -> None:
        """Begin with the oldest again, and with the first interval."""
        self._sent.clear()
        self.last = 0

    def due(self, *, others_wait: bool) -> list[int]:
        """Tell which are to be sent again, the oldest first.

        ``others_wait``: one that was sent at the longest interval and is not acknowledged even so
        makes room for another, and comes again after those: a record that nobody takes must not
        keep the others for ever.
        """
        now = self._clock()
        due = [number for number in self.numbers if self._sent[number].due <= now]
        if others_wait:
            self.forget(number for number in due if self._is_worn(self._sent[number]))
        return [number for number in due if number in self._sent]

    def sent(self, number: int, job_id: str) -> None:
        """Note that one was sent; a new one is taken in."""
        if number not in self._sent:
            self._sent[number] = _Sent(job_id)
            self.last = number
        sent = self._sent[number]
        sent.times += 1
        sent.due = self._clock() + self._backoff.delay(sent.times)

    def forget(self, numbers: Iterable[int]) -> None:
        """Take some out."""
        for number in list(numbers):
            self._sent.pop(number, None)

    def acknowledged(self, job_ids: Collection[str]) -> None:
        """Take out those that a history has."""
        told = set(job_ids)
        self.forget(number for number, sent in self._sent.items() if sent.job_id in told)

    def _is_worn(self, sent: _Sent) -> bool:
        return self._backoff.delay(sent.times) >= self._backoff.most
