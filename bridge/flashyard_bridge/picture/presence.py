"""Which hubs are there: what they said, whether they answered, and how long they are silent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from flashyard.contract.records import Hub

SETTLE = 0.3  # s after the link is up in which retained presences arrive
PICTURE = 3.0  # s after which the first picture is taken as it is
MAX_ASKED = 100  # announces of one connection whose answers are known as such
ANSWER = 15.0  # s in which a hub answers an announce, or counts as offline


@dataclass(slots=True)
class HubWatch:
    """One hub's presence.

    Attributes:
        hub: as it told it.
        asked_at: when it was asked to say everything, on the steady clock; None: not yet.
        answered: has it, since?
        silence: seconds it has been offline while the bridge could hear.
        given_up: it says that it is there, and does not answer.
        asked_again: it spoke up without an answer, and was to be asked once more.
    """

    hub: Hub
    asked_at: float | None
    answered: bool
    silence: float = 0.0
    given_up: bool = False
    asked_again: bool = False

    @property
    def is_online(self) -> bool:
        """Does it say that it is there, and has it answered when asked?"""
        return self.hub.online and not self.given_up

    @property
    def is_unasked(self) -> bool:
        """Did it come after the last announce?"""
        return self.is_online and not self.answered and self.asked_at is None

    def is_overdue(self, now: float) -> bool:
        """Has it had the time to answer, and did not?"""
        waiting = self.is_online and not self.answered and self.asked_at is not None
        return waiting and now - (self.asked_at or 0.0) >= ANSWER

    def shown(self) -> Hub:
        """Its record as others should see it."""
        return self.hub.with_(online=self.is_online)


class Listening:
    """Since when the bridge hears the broker, what it announced, and when it first knew it all."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.complete_at: float | None = None
        self.picture_time: int | None = None
        self._asked: deque[int] = deque(maxlen=MAX_ASKED)

    def up(self, now: float) -> None:
        """The link is up; what was asked before is void."""
        self.since = now
        self._asked.clear()

    def ask(self, announced: int) -> None:
        """An announce with this ``now`` (Unix ms) went out."""
        self._asked.append(announced)

    def is_answer(self, hub: Hub) -> bool:
        """Does this presence answer an announce of this connection?"""
        return hub.announced in self._asked

    def down(self) -> None:
        """The link is down."""
        self.since = None

    def picture_age(self, now: float) -> float | None:
        """Seconds since the first picture was complete, or None before."""
        return None if self.complete_at is None else now - self.complete_at

    def judge(self, hubs: Iterable[HubWatch], now: float, unix_ms: int) -> bool:
        """Is the first picture complete? Once it is, it stays so."""
        if self.complete_at is None and self.since is not None:
            heard = now - self.since
            all_answered = all(watch.answered for watch in hubs if watch.is_online)
            if heard >= PICTURE or (heard >= SETTLE and all_answered):
                self.complete_at = now
                self.picture_time = unix_ms
        return self.complete_at is not None
