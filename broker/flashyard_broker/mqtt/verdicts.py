"""What plugins decided on topics and filters, asked once for each identity.

It decides nothing itself. amqtt asks its plugins for every message and every subscriber of it,
and loses messages while it waits for them (D4).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum

from amqtt.contexts import Action

from flashyard_broker.mqtt.session import ClientSession

_REMEMBERED = 10_000  # decisions

Ask = Callable[[ClientSession, str, Action], Awaitable[bool]]
ClearsOnly = Callable[[ClientSession, str], bool]


class Verdict(Enum):
    """What a client may do on a topic that it publishes on."""

    ALLOWED = "allowed"
    CLEARS_ONLY = "clears_only"  # nothing but empty retained messages
    DENIED = "denied"


class Verdicts:
    """Decisions by identity, client id, action and topic or filter."""

    def __init__(self, ask: Ask, clears_only: ClearsOnly | None) -> None:
        """Ask through ``ask``; ``clears_only``, where there is one, narrows what was allowed."""
        self._ask = ask
        self._clears_only = clears_only
        self._known: dict[tuple[str | None, str | None, Action, str], bool] = {}

    def forget(self) -> None:
        """Ask anew, because identities changed."""
        self._known = {}

    async def on_publishing(self, session: ClientSession, topic: str) -> Verdict:
        """Decide on a topic. Clients do not publish below `$` (4.7.2)."""
        if topic.startswith("$") or not await self._decide(session, topic, Action.PUBLISH):
            return Verdict.DENIED
        if self._clears_only is not None and self._clears_only(session, topic):
            return Verdict.CLEARS_ONLY
        return Verdict.ALLOWED

    async def on_subscribing(self, session: ClientSession, topic_filter: str) -> bool:
        """Decide on a filter, once and for all that will be published on its topics."""
        return await self._decide(session, topic_filter, Action.SUBSCRIBE) and (
            await self._decide(session, topic_filter, Action.RECEIVE)
        )

    async def _decide(self, session: ClientSession, topic: str, action: Action) -> bool:
        key = (session.identity, session.client_id, action, topic)
        known = self._known.get(key)
        if known is None:
            known, then = False, None
            while then is not self._known:  # else what was decided is out of date already
                then = self._known
                known = await self._ask(session, topic, action)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = known
        return known
