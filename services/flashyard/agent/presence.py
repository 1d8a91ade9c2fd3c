"""The hub's presence: what it says of itself, and what it makes of others who say they are it."""

from __future__ import annotations

from flashyard import __version__
from flashyard.agent.bounded import Bounded
from flashyard.agent.clock import Clock
from flashyard.contract.faults import Code, refuse
from flashyard.contract.limits import Limits
from flashyard.contract.messages import HubChanged
from flashyard.contract.records import Hub, Unrecorded
from flashyard.contract.troubles import Trouble

_TIMES = 3  # that a rival is seen within ...
_WHILE = 60.0  # seconds, to be taken for alive
_RIVALS = 16


class Presence:
    """Makes a hub's presence messages.

    Attributes:
        announced: the newest announce that was answered.
        limits: what the hub is held to now.
        troubles: what is wrong with the hub now.
        unrecorded: the ended jobs whose records no history has; None: there are none.
    """

    def __init__(self, hub_id: str, session: str, clock: Clock, limits: Limits) -> None:
        self.announced: int | None = None
        self.troubles: tuple[Trouble, ...] = ()
        self.unrecorded: Unrecorded | None = None
        self._hub_id = hub_id
        self._session = session
        self._clock = clock
        self.limits = limits
        self._sightings: Bounded[str, list[float]] = Bounded(_RIVALS)

    def say(self, *, online: bool) -> HubChanged:
        """Make the message."""
        hub = Hub(
            hub_id=self._hub_id,
            online=online,
            session=self._session,
            since=self._clock.began,
            version=__version__,
            limits=self.limits,
            announced=self.announced,
            clock_skew_ms=self._clock.skew_ms,
            troubles=self.troubles or None,
            unrecorded=self.unrecorded,
        )
        return HubChanged(hub_id=self._hub_id, timestamp=self._clock.stamp(), hub=hub)

    def is_mine(self, hub: Hub) -> bool:
        """Is it this run of the hub that says so?"""
        return hub.session == self._session

    def contest(self, hub: Hub, *, retained: bool) -> bool:
        """Judge what is said on our topic; True: it must be overwritten.

        Another session's word is what a process left that died, or the broker its will, unless it
        comes live and online, or comes again and again although we overwrote it: two clients of
        one id throw each other out, and all they see of each other is wills.

        Raises:
            FaultError: `duplicate_hub_id`: a rival lives, and we are the later one.
        """
        if self.is_mine(hub):
            return not hub.online
        lives = (hub.online and not retained) or self._comes_again(hub.session)
        if lives and (hub.since, hub.session) < (self._clock.began, self._session):
            raise refuse(
                Code.DUPLICATE_HUB_ID, f"Another live hub has the id {self._hub_id}; it was first."
            )
        return True

    def _comes_again(self, session: str) -> bool:
        now = self._clock.monotonic()
        seen = [at for at in self._sightings.get(session) or [] if now - at < _WHILE]
        self._sightings[session] = [*seen, now][-_TIMES:]
        return len(seen) + 1 >= _TIMES
