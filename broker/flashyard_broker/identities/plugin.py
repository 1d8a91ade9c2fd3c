"""The table and the credentials as an amqtt plugin: who is let in, and to which topics.

amqtt asks it about a session or a topic; it never sees a payload. It counts nothing: the engine
does.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from flashyard_broker import access
from flashyard_broker.counters import Refused
from flashyard_broker.identities.credentials import Credentials
from flashyard_broker.told import Told

_NAME_SHOWN = 64  # characters: what a client calls itself may be 64 KiB
_ANOTHERS = "not its client id"
_log = logging.getLogger(__name__)


class AccessPlugin(BaseAuthPlugin, BaseTopicPlugin):
    """Lets in who has a credential, and everybody on a loopback listener.

    An identity comes with its secret as the password, or, over mutual TLS and without a user
    name, as the common name of its certificate. Once a session is let in, its ``username`` is the
    identity, whichever way it came; an anonymous one has none.
    """

    @dataclass
    class Config:
        """``credentials``: the path of the file."""

        credentials: str

    def __init__(self, context: BaseContext) -> None:
        """Read the credentials.

        Raises:
            FaultError: `invalid_request`: there are none, or they are none of ours.
        """
        super().__init__(context)
        self.credentials = Credentials(Path(self.config.credentials))
        self.credentials.load()
        self._told = Told()

    async def authenticate(self, *, session: Session) -> bool:
        """Is the client who it says it is, and is the client id its own?"""
        if session.username is None:
            name = _common_name(session)
            if name is None and session.attributes.get(access.ANONYMOUS):
                session.is_anonymous = True
                return True
            reason = self._reason_against(name, session)
            if reason is None:
                session.username = name
        elif not await self.credentials.verify(session.username, session.password or ""):
            reason = "unknown name or wrong secret"
        else:
            reason = self._reason_against(session.username, session)
        if reason is not None:
            session.attributes[access.REASON] = (
                Refused.CLIENT_ID if reason is _ANOTHERS else Refused.CREDENTIALS
            )
            self._tell(session, reason)
        return reason is None

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool:
        """May the session publish on this topic, or subscribe to this filter?"""
        if session is None or topic is None:
            return False
        if session.username is None:
            return session.is_anonymous
        role = self.credentials.role_of(session.username)
        if role is None:
            return False
        if action is Action.PUBLISH:
            return access.may_publish(role, session.username, topic)
        return access.may_subscribe(role, session.username, topic)

    def clears_only(self, session: Session, topic: str) -> bool:
        """Of a topic that it may publish on: may it send nothing there but empty retained ones?"""
        name = session.username
        if name is None:
            return False
        role = self.credentials.role_of(name)
        return role is not None and access.clears_only(role, name, topic)

    def _reason_against(self, name: str | None, session: Session) -> str | None:
        if name is None:
            return "no name and no certificate"
        if self.credentials.role_of(name) is None:
            return "unknown name"
        if not self.credentials.may_use(name, session.client_id or ""):
            return _ANOTHERS
        return None

    def _tell(self, session: Session, reason: str) -> None:
        """Log a refusal; the same client's next ones pass in silence."""
        name = (session.username or _common_name(session) or "")[:_NAME_SHOWN]
        if not self._told.is_news((name, session.remote_address)):
            return
        _log.warning(
            "refused %s from %s as client %r: %s",
            repr(name) if name else "somebody without a name",
            session.remote_address,
            (session.client_id or "")[:_NAME_SHOWN],
            reason,
        )


def _common_name(session: Session) -> str | None:
    """Read the subject's common name of a certificate that TLS has verified; None: there is none.

    Source: RFC 5280, 4.1.2.6, in the shape that ``ssl.SSLSocket.getpeercert`` gives it.
    """
    certificate = session.ssl_object.getpeercert() if session.ssl_object else None
    subject: Any = (certificate or {}).get("subject", ())
    pairs = (pair for part in subject for pair in part)
    return next((value for key, value in pairs if key == "commonName"), None)
