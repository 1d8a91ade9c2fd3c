"""Binding: what was asked to be listened on becomes bound sockets, or one clear refusal."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterable
from contextlib import ExitStack

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.endpoint import Endpoint

BACKLOG = 2048
_DRAWS = 20  # times a free port is drawn that must be free on both loopbacks
# A host without IPv6 has no ::1; an empty host is content with 127.0.0.1 there.
_NO_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


class Listener:
    """One endpoint as it was asked for, and its bound, listening sockets."""

    def __init__(self, asked: Endpoint, sockets: list[socket.socket]) -> None:
        self.asked = asked
        self.sockets = sockets

    @property
    def bound(self) -> list[Endpoint]:
        """The actual addresses, the first to be shown to people."""
        return [Endpoint(*sock.getsockname()[:2]) for sock in self.sockets]

    def close(self) -> None:
        """Stop listening."""
        for sock in self.sockets:
            sock.close()


async def listen(asked: Iterable[Endpoint]) -> list[Listener]:
    """Bind all of them, or none.

    Raises:
        FaultError: `port_in_use`; or `invalid_request` for an address that is not this host's.
    """
    listeners: list[Listener] = []
    with ExitStack() as undo:
        for endpoint in asked:
            listener = await _listen(endpoint)
            undo.callback(listener.close)
            listeners.append(listener)
        undo.pop_all()
    return listeners


async def _listen(asked: Endpoint) -> Listener:
    for _ in range(_DRAWS):
        sockets: list[socket.socket] = []
        try:
            for host in asked.hosts:
                # Port 0 is drawn once, for the first address; the others take the same.
                port = sockets[0].getsockname()[1] if sockets else asked.port
                sockets += await _bind(asked, host, port, optional=bool(sockets))
        except FaultError as error:
            for sock in sockets:
                sock.close()
            if asked.port != 0 or error.fault.code is not Code.PORT_IN_USE:
                raise
        else:
            return Listener(asked, sockets)
    raise refuse(Code.PORT_IN_USE, f"No port is free for {asked}.")


async def _bind(asked: Endpoint, host: str, port: int, *, optional: bool) -> list[socket.socket]:
    """Bind every address a host has; ``optional``: none is fine where there is no IPv6."""
    loop = asyncio.get_running_loop()
    sockets: list[socket.socket] = []
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            actual = (address[0], sockets[0].getsockname()[1]) if sockets else address[:2]
            sock = socket.socket(family, kind, protocol)
            sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((*actual, *address[2:]))
            # At once, so that a port that is taken shows here and nowhere else.
            sock.listen(BACKLOG)
            sock.settimeout(0)
    except OSError as error:
        for sock in sockets:
            sock.close()
        if optional and error.errno in _NO_IPV6:
            return []
        raise _refusal(asked, error) from error
    return sockets


def _refusal(asked: Endpoint, error: OSError) -> FaultError:
    if error.errno == errno.EADDRINUSE:
        return refuse(
            Code.PORT_IN_USE,
            f"{asked} is already in use.",
            hint="Stop what listens there, or choose another port with --listen.",
        )
    return refuse(
        Code.INVALID_REQUEST,
        f"Cannot listen on {asked}: {error.strerror or error}.",
        hint="Give --listen an address of this host and a port above 1023.",
    )
