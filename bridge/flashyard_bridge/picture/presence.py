"""Which hubs are there: what they said, whether they answered, and how long they are silent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flashyard.contract.records import Hub

SETTLE = 0.3  # s after the link is up in which retained presences arrive
PICTURE = 3.0  # s after which the first picture is taken as it is
ANSWER = 15.0  # s in which a hub answers an announce, or counts as offline


@dataclass(slots=True)
class HubWatch:
    """One hub's presence. ``silence``: seconds it has been offline while the bridge could hear."""

    hub: Hub
    answered: bool
    silence: float = 0.0
    given_up: bool = False

    @property
    def is_online(self) -> bool:
        """Does it say that it is there, and has it answered when asked?"""
        return self.hub.online and not self.given_up

    def shown(self) -> Hub:
        """Its record as others should see it."""
        return self.hub.with_(online=self.is_online)


class Listening:
    """Since when the bridge hears the broker, what it announced, and when it first knew it all."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.announced: int | None = None
        self.complete_at: float | None = None
        self.picture_time: int | None = None

    def up(self, announced: int, now: float) -> None:
        """The link is up, and the announce with this ``now`` (Unix ms) went out."""
        self.since = now
        self.announced = announced

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
