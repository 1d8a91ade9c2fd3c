"""What others say on the topic of a hub's presence: overwritten, or the end of one that was later.

It says nothing of how a rival is told from what a dead process left; see `presence.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flashyard.agent.greeting import Greeting
from flashyard.agent.post import Post
from flashyard.agent.presence import Presence
from flashyard.contract.faults import FaultError
from flashyard.contract.messages import HubChanged

_log = logging.getLogger(__name__)


class Rivals:
    """Of one hub.

    Args:
        presence: the hub's.
        post: where its word goes again.
        greeting: to be said again, where a rival's may lie over it.
        give_way: called once another live hub has the id and was first.

    Attributes:
        first: that one, as a refusal; None: there is none.
    """

    def __init__(
        self, presence: Presence, post: Post, greeting: Greeting, give_way: Callable[[], None]
    ) -> None:
        self.first: FaultError | None = None
        self._presence = presence
        self._post = post
        self._greeting = greeting
        self._give_way = give_way

    def hear(self, payload: bytes, *, retained: bool) -> None:
        """Take what was said, maybe by this hub itself."""
        try:
            hub = HubChanged.decode(payload).hub
            contested = self._presence.contest(hub, retained=retained)
        except ValueError:  # cleared, or somebody's rubbish
            self._post.presence(self._presence.say(online=True))
            return
        except FaultError as rival:
            _log.critical("%s", rival)
            self.first = rival
            self._give_way()
            return
        if contested:
            _log.info("what session %s left as presence is overwritten", hub.session)
            self._post.presence(self._presence.say(online=True))
            if hub.online and self._greeting.done.is_set():
                self._greeting.tell_all()  # its records may lie over ours
        else:
            self._greeting.heard_myself.set()
