"""Which methods a path knows, and HEAD wherever there is a GET (RFC 9110, section 9.3.2).

It asks the application's routes, whatever they are for.
"""

from __future__ import annotations

from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class HeadAsGet:
    """ASGI middleware: the framework's routes know GET alone, so a HEAD is asked as one.

    The server sends no body in answer to a HEAD, whoever made one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] == "http" and scope["method"] == "HEAD" and not _known(scope, "HEAD"):
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


def allowed(scope: Scope) -> list[str]:
    """List the methods a path knows; the framework would name only its first route's."""
    known = {method for method in _METHODS if _known(scope, method)}
    if "GET" in known:
        known.add("HEAD")
    return [method for method in _METHODS if method in known]


def _known(scope: Scope, method: str) -> bool:
    asked = {**scope, "method": method}
    return any(route.matches(asked)[0] is Match.FULL for route in scope["app"].routes)
