"""The opening handshake: which upgrade request becomes a WebSocket, and whose messages it gets.

It judges a parsed request; it knows no socket.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qs, unquote

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from flashyard.contract.faults import Code, Fault, fault
from flashyard_bridge.errors import answer
from flashyard_bridge.gate import Address, Doors, bearer

_PATH = re.compile(r"/flash-progress|/ws/flash-progress(?:/(?P<job>[^/]+))?")
_NEGOTIATED = re.compile(r"connection|upgrade|sec-websocket-.*", re.IGNORECASE)
# A browser can send a token as a second subprotocol; it fails unless the first is chosen.
SUBPROTOCOL = "flashyard.v1"
_TOKEN = "bearer."  # noqa: S105 - a prefix


@dataclass(frozen=True, slots=True)
class Opening:
    """The answer to an upgrade request.

    Attributes:
        response: what to send.
        is_open: did it become a WebSocket?
        has_token: or must it be closed again with 1008: a browser sees no reason otherwise.
        only: the one job whose messages it gets; None: all.
    """

    response: Response
    is_open: bool = False
    has_token: bool = False
    only: str | None = None


def open_up(
    protocol: ServerProtocol, request: Request, doors: Doors, listener: Address | None
) -> Opening:
    """Judge an upgrade request that came to a listener's bound address."""
    headers = request.headers
    why = doors.refusal(headers.get_all("Host"), headers.get_all("Origin"), listener)
    if why is not None:
        return refused(why)
    target, _, query = request.path.partition("?")
    path = _PATH.fullmatch(target)
    if path is None:
        hint = "WebSockets are at /ws/flash-progress, one job's at /ws/flash-progress/{jobId}."
        return refused(fault(Code.NOT_FOUND, "There is no WebSocket at this path.", hint=hint))
    if any(_NEGOTIATED.fullmatch(n) and not v.isascii() for n, v in headers.raw_items()):
        return refused(no_handshake("a header is not text"), 400)  # the library would crash on it
    response = protocol.accept(request)
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        words = (response.body or b"").decode().strip()
        return refused(no_handshake(words), response.status_code)
    offered = [
        name.strip()
        for line in headers.get_all("Sec-WebSocket-Protocol")
        for name in line.split(",")
    ]
    if SUBPROTOCOL in offered:
        response.headers["Sec-WebSocket-Protocol"] = SUBPROTOCOL
    tokens = [name.removeprefix(_TOKEN) for name in offered if name.startswith(_TOKEN)]
    tokens += parse_qs(query).get("token", [])
    job = path["job"]
    return Opening(
        response,
        is_open=True,
        has_token=doors.accepts(bearer(headers.get("Authorization")), *tokens),
        only=None if job is None else unquote(job),
    )


def no_handshake(details: str) -> Fault:
    """Say that a request to upgrade is malformed."""
    return fault(Code.INVALID_REQUEST, "This is no WebSocket handshake.", details=details)


def refused(why: Fault, status: int | None = None) -> Opening:
    """Answer with a fault over HTTP, and end there."""
    reply = answer(why, status=status)
    headers = Headers(
        {
            "Date": formatdate(usegmt=True),
            "Connection": "close",
            "Content-Type": "application/json",
            "Content-Length": str(len(reply.body)),
        }
    )
    code = HTTPStatus(reply.status_code)
    if code is HTTPStatus.UPGRADE_REQUIRED:
        headers["Upgrade"] = "websocket"
    return Opening(Response(code.value, code.phrase, headers, bytes(reply.body)))
