"""Who was denied what: counted each time, and told once for each identity and topic.

Whoever tries all topics there are fills no log, and silences nobody else's line.
"""

from __future__ import annotations

import logging

from amqtt.contexts import Action

from flashyard_broker.counters import Counters, Dropped
from flashyard_broker.mqtt.session import ClientSession

_LINES = 50  # for each identity
_IDENTITIES = 2_000  # that are remembered; there are hardly more credentials
_SHOWN = 200  # characters of a name, which may have 64 KiB and hold anything

_log = logging.getLogger(__name__)


class Denials:
    """What plugins did not allow."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._told: dict[str | None, set[tuple[Action, str]]] = {}

    def forget(self) -> None:
        """Tell everything anew, because identities changed."""
        self._told.clear()

    def note(self, session: ClientSession, topic: str, action: Action) -> None:
        """Count a denial, and log it unless it was before."""
        if action is Action.PUBLISH:
            self._counters.denied_publishes += 1
            self._counters.dropped[Dropped.NOT_ALLOWED] += 1
        else:
            self._counters.denied_subscriptions += 1
        if session.identity not in self._told and len(self._told) >= _IDENTITIES:
            self._told.clear()
        told = self._told.setdefault(session.identity, set())
        shown = topic[:_SHOWN]
        if (action, shown) in told or len(told) > _LINES:
            return
        told.add((action, shown))
        who = "an anonymous client" if session.identity is None else repr(session.identity)
        if len(told) > _LINES:
            _log.warning("%s is denied more than that; it is counted, and told no more", who)
            return
        verb = "publish on" if action is Action.PUBLISH else "subscribe to"
        client_id = str(session.client_id)[:_SHOWN]
        _log.warning("%s (client %r) may not %s %r", who, client_id, verb, shown)
