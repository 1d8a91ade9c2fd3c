"""Opening a TCP connection without ever blocking the loop; it speaks no protocol."""

from __future__ import annotations

import asyncio
import os
import socket

from flashyard.link.address import Address
from flashyard.link.letter import LinkDownError


async def dial(address: Address, within: float) -> socket.socket:
    """Connect to a broker's address; a name is looked up in a thread.

    Args:
        address: of the broker; a name's addresses are tried in the resolver's order.
        within: seconds for each of them.

    Raises:
        LinkDownError: none of them answered.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise LinkDownError(f"the host is not known: {error.strerror}") from error
    reason = "it has no address"
    for family, kind, protocol, _, where in found:
        sock = socket.socket(family, kind, protocol)
        connected = False
        try:
            sock.settimeout(0)
            # A packet is one small write; waiting to fill a segment would only add latency.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(within):
                await loop.sock_connect(sock, where)
            connected = True
        except TimeoutError:
            reason = f"no answer within {within:g} s"
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
        finally:
            if not connected:
                sock.close()
        if connected:
            return sock
    raise LinkDownError(reason)
