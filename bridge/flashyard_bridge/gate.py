"""The doors: which Host, which browser Origin and which token are let in, on HTTP and WebSocket.

It knows addresses and headers; no route but the few that need no token, and no role.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from flashyard.contract.faults import Code, Fault, fault
from flashyard.token_file import NamedToken
from flashyard_bridge.errors import answer

# The loopback hosts, on any port: the page of a development server may watch too.
LOOPBACK_ORIGIN = r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?"
# What a probe asks, and the page itself: the program, not what it shows.
_OPEN = frozenset({"/", "/health", "/api/v1/ready"})
_OPEN_UNDER = "/static/"

Address = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Doors:
    """What is let in.

    Attributes:
        tokens: the bearer tokens, and whose they are; none where none is needed.
        origins: browser origins beyond the loopback ones.
        loopback: the bound addresses of the listeners that only this machine can reach.
    """

    tokens: Sequence[NamedToken]
    origins: frozenset[str]
    loopback: Collection[Address]

    def refusal(
        self, hosts: Sequence[str], origins: Sequence[str], listener: Address | None
    ) -> Fault | None:
        """Why a request with these headers is not let in, or None.

        Host: on a loopback listener a loopback name, else a foreign name was made to point here
        (DNS rebinding). Origin: only browsers send one; that of another site's page is refused.
        """
        if len(hosts) > 1 or len(origins) > 1:
            return fault(Code.NOT_ALLOWED, "There is more than one Host or Origin.")
        host, origin = "".join(hosts), origins[0] if origins else None
        if listener in self.loopback and not _is_loopback(host):
            return fault(
                Code.NOT_ALLOWED,
                f"This listener answers to loopback names only, not to {host!r}.",
                hint="Call it localhost or 127.0.0.1.",
            )
        if origin is None or origin in self.origins or re.fullmatch(LOOPBACK_ORIGIN, origin):
            return None
        return fault(
            Code.NOT_ALLOWED,
            f"Pages of {origin!r} are not allowed here.",
            hint="Allow it with --allow-origin.",
        )

    def accepts(self, *offered: str | None) -> bool:
        """Is one of the offered tokens one of ours, or none needed?"""
        return not self.tokens or self.identify(*offered) is not None

    def identify(self, *offered: str | None) -> str | None:
        """Whose is one of the offered tokens? None: nobody's.

        Each is compared with all of ours, in constant time, whichever it may be.
        """
        found = None
        for given in offered:
            shown = (given or "").encode(errors="surrogateescape")
            for each in self.tokens:
                if hmac.compare_digest(each.token.encode(), shown):
                    found = each.identity
        return found


def bearer(authorization: str | None) -> str | None:
    """Take the token out of an Authorization header (RFC 6750, section 2.1)."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class FrontDoor:
    """ASGI middleware: Host and Origin, before anything else."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 403, or pass on."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            hosts, origins = headers.getlist("host"), headers.getlist("origin")
            why = self._doors.refusal(hosts, origins, scope["server"])
            if why is not None:
                await answer(why)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class CrossOrigin(CORSMiddleware):
    """CORS for the pages the front door lets in; what is said to a browser is JSON or nothing."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer what a browser asks before it sends the request itself."""
        said = super().preflight_response(request_headers)
        headers = {name: said.headers[name] for name in said.headers if name[:8] != "content-"}
        if said.status_code < 400:
            return Response(status_code=204, headers=headers)
        why = fault(Code.INVALID_REQUEST, f"{bytes(said.body).decode()}.")
        return answer(why, status=400, headers=headers)


class TokenDoor:
    """ASGI middleware: the bearer token, where one is needed; ``state.identity`` says whose.

    ``signed`` says of a request that it carries a signature that stands for the token.
    """

    def __init__(self, app: ASGIApp, doors: Doors, signed: Callable[[Scope], bool]) -> None:
        self._app = app
        self._doors = doors
        self._signed = signed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 401, or pass on."""
        if scope["type"] == "http" and not self._lets_in(scope):
            refused = answer(
                fault(Code.NOT_ALLOWED, "A valid token is needed."),
                status=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _lets_in(self, scope: Scope) -> bool:
        path = scope["path"]
        if path in _OPEN or path.startswith(_OPEN_UNDER) or not self._doors.tokens:
            return True
        identity = self._doors.identify(bearer(Headers(scope=scope).get("authorization")))
        scope["state"]["identity"] = identity
        return identity is not None or self._signed(scope)


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
