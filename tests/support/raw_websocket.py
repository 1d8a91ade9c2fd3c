"""A WebSocket by hand: for requests no client would send, and for a browser that never reads."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

_WITHIN = 10.0  # seconds for anything the server is to send
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_NO_LINGERING = struct.pack("ii", 1, 0)
_NOTHING: Mapping[str, str | None] = MappingProxyType({})
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": _KEY,
    "Sec-WebSocket-Version": "13",
}


class RawWebSocket:
    """One connection that reads only when it is told to. ``window``: its receive buffer, bytes."""

    def __init__(self, port: int, *, host: str = "127.0.0.1", window: int | None = None) -> None:
        self.port = port
        self._sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if window is not None:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self._sock.connect((host, port))
        self._sock.settimeout(0)
        self._data = b""

    def unsent(self) -> int:
        """How many bytes the kernel holds back at the server's end, as nobody takes them.

        Source: proc(5), /proc/net/tcp: local and remote address, state, tx_queue:rx_queue in hex.
        """
        ends = [f":{self.port:04X}", f":{self._sock.getsockname()[1]:04X}"]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, _, queues, *_ = line.split()
            if [local[-5:], remote[-5:]] == ends:
                return int(queues.partition(":")[0], 16)
        return 0

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, data)

    async def ask(
        self, path: str, changed: Mapping[str, str | None] = _NOTHING, *, method: str = "GET"
    ) -> None:
        """Send an upgrade request; a header changed to None is left out."""
        headers = {"Host": f"127.0.0.1:{self.port}", **HANDSHAKE, **changed}
        head = [f"{method} {path} HTTP/1.1"]
        head += [f"{name}: {value}" for name, value in headers.items() if value is not None]
        await self.send("\r\n".join([*head, "", ""]).encode("latin-1"))

    async def answer(self) -> tuple[int, str, dict[str, Any]]:
        """Read a refused request's answer to its end: status, headers, body."""
        head, _, body = (await self.to_end()).partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode("latin-1").lower(), json.loads(body)

    async def to_end(self) -> bytes:
        """Read all there is to the end of the stream."""
        async with asyncio.timeout(_WITHIN):
            while await self._read():
                pass
        self.close()
        return self._data

    async def frames(self, until: bytes) -> bytes:
        """Read what follows the handshake, until it ends with these bytes."""
        async with asyncio.timeout(_WITHIN):
            while not self._data.endswith(until):
                assert await self._read(), "the stream ended too early"
        return self._data.partition(b"\r\n\r\n")[2]

    def close(self) -> None:
        self._sock.close()

    def reset(self) -> None:
        """Be gone without a goodbye, as a browser that crashed."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        self._sock.close()

    async def _read(self) -> bool:
        chunk = await asyncio.get_running_loop().sock_recv(self._sock, 65536)
        self._data += chunk
        return bool(chunk)


def masked(head: int, payload: bytes) -> bytes:
    """Make a browser's frame; the mask is zero, so that the payload stays readable."""
    length = (
        bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xff" + len(payload).to_bytes(8)
    )
    return bytes([head]) + length + bytes(4) + payload


def close_frame(code: int, reason: bytes = b"") -> bytes:
    """Make a server's close frame."""
    return bytes([0x88, 2 + len(reason)]) + code.to_bytes(2) + reason


def texts(data: bytes) -> list[dict[str, Any]]:
    """Decode a server's text frames."""
    messages = []
    while data:
        assert data[0] == 0x81, "a text frame of one piece"
        length, start = data[1], 2
        if length == 126:
            length, start = int.from_bytes(data[2:4]), 4
        messages.append(json.loads(data[start : start + length]))
        data = data[start + length :]
    return messages
