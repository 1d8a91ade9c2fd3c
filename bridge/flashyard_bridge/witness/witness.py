"""The witness: sees what is asked that changes something, and what is answered, from outside.

No route has to remember it, and a request that no door let in is seen, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flashyard.contract.audit import AuditEntry
from flashyard.contract.records import Job
from flashyard_bridge.audit.strangers import Strangers
from flashyard_bridge.audit.trail import Trail
from flashyard_bridge.witness.account import Account
from flashyard_bridge.witness.action import Actions
from flashyard_bridge.witness.caller import caller_of

_MOST = 64 * 1024  # bytes of a body or an answer; ours have less
_JSON = "application/json"


class Witness:
    """ASGI middleware: one line, or several, for each request that would change something.

    It is noted with the answer's last byte, which does not wait for it.

    Args:
        app: what is asked.
        actions: what the routes do.
        trail: where it is noted.
        strangers: where it is of those whom no door let in.
        job: tells what is known of a job.
        now: the bridge's clock, Unix ms.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        actions: Actions,
        trail: Trail,
        strangers: Strangers,
        job: Callable[[str], Job | None],
        now: Callable[[], int],
    ) -> None:
        self._app = app
        self._actions = actions
        self._trail = trail
        self._strangers = strangers
        self._job = job
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and listen."""
        asked = self._actions.find(scope) if scope["type"] == "http" else None
        if asked is None:
            await self._app(scope, receive, send)
            return
        account = Account(asked, self._now(), QueryParams(scope["query_string"]))
        is_json = Headers(scope=scope).get("content-type", "").startswith(_JSON)
        is_noted = False

        async def hear() -> Message:
            message = await receive()
            if is_json and message["type"] == "http.request":
                account.body += message.get("body", b"")[: _MOST - len(account.body)]
            return message

        async def say(message: Message) -> None:
            nonlocal is_noted
            if message["type"] == "http.response.start":
                account.status = message["status"]
            elif message["type"] == "http.response.body":
                account.answer += message.get("body", b"")[: _MOST - len(account.answer)]
                if not message.get("more_body", False) and not is_noted:
                    is_noted = True
                    self._note(scope, account)
            await send(message)

        try:
            await self._app(scope, hear, say)
        finally:
            if not is_noted:  # it crashed, which is answered further out
                account.status = 500
                self._note(scope, account)

    def _note(self, scope: Scope, account: Account) -> None:
        caller = caller_of(scope)
        is_stranger = account.status in {401, 403} and caller.identity is None
        notes = self._strangers if is_stranger else self._trail
        for line in self._placed(account.lines(caller)):
            notes.note(line)

    def _placed(self, lines: Iterator[AuditEntry]) -> Iterator[AuditEntry]:
        """Tell of a job whose it is, where that is known."""
        for line in lines:
            job = self._job(line.job_id) if line.job_id else None
            if job is None:
                yield line
            else:
                yield line.with_(device_id=job.device_id, hub_id=job.hub_id)
