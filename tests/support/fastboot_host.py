"""Hosts that speak fastboot by hand, byte by byte, and Debian's own client.

Written from the protocol's README apart from the product, so that both may err alone.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

Address = tuple[str, int]
PATIENCE = 15.0
FINAL = (b"OKAY", b"FAIL", b"DATA")


class Host(Protocol):
    """What every kind of host can do."""

    def say(self, command: bytes) -> None: ...
    def hear(self) -> bytes: ...
    def push(self, data: bytes) -> None: ...


def ask(host: Host, command: str) -> bytes:
    """Send a command; give its last reply."""
    return replies(host, command)[-1]


def replies(host: Host, command: str) -> list[bytes]:
    """Send a command; give all its replies."""
    host.say(command.encode())
    heard = [host.hear()]
    while not heard[-1].startswith(FINAL):
        assert heard[-1].startswith(b"INFO")
        heard.append(host.hear())
    return heard


def download(host: Host, data: bytes) -> bytes:
    """Download; give the last reply."""
    assert ask(host, f"download:{len(data):08x}") == b"DATA%08x" % len(data)
    host.push(data)
    return host.hear()


def flash(host: Host, partition: str, data: bytes) -> bytes:
    """Download and flash; give the last reply."""
    assert download(host, data) == b"OKAY"
    return ask(host, f"flash:{partition}")


class TcpHost:
    """One connection, its handshake done unless told otherwise."""

    def __init__(self, address: Address, handshake: bytes = b"FB01") -> None:
        self.socket = socket.create_connection(address, PATIENCE)
        self.socket.sendall(handshake)

    def __enter__(self) -> Self:
        assert self.read(4) == b"FB01"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def say(self, command: bytes) -> None:
        self.socket.sendall(frame(command))

    def hear(self) -> bytes:
        (length,) = struct.unpack(">Q", self.read(8))
        assert length <= 256
        return self.read(length)

    def push(self, data: bytes) -> None:
        self.socket.sendall(frame(data))

    def read(self, count: int) -> bytes:
        """Read exactly; raises EOFError where the device hung up."""
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def hung_up(self) -> bool:
        """Wait for the end of the connection, whatever comes before it."""
        try:
            while self.socket.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return True


def frame(data: bytes) -> bytes:
    return struct.pack(">Q", len(data)) + data


class UdpHost:
    """One socket; a session is begun by entering, or by :meth:`begin`."""

    def __init__(self, address: Address, packet: int = 1024) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(address)
        self.socket.settimeout(PATIENCE)
        self.packet = packet
        self.payload = 0
        self.number = 0

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def begin(self) -> None:
        self.query()
        kind, _, number, data = self.exchange(2, struct.pack(">HH", 1, self.packet))
        assert (kind, number) == (2, self.number)
        version, theirs = struct.unpack(">HH", data)
        assert version == 1
        self.payload = min(self.packet, theirs) - 4
        self.number = (self.number + 1) % 65536

    def query(self) -> int:
        kind, _, number, data = self.exchange(1, b"", number=0xABCD)
        assert (kind, number) == (1, 0xABCD)
        (self.number,) = struct.unpack(">H", data)
        return self.number

    def post(self, kind: int, data: bytes, flags: int = 0, number: int | None = None) -> None:
        numbered = self.number if number is None else number
        self.socket.send(struct.pack(">BBH", kind, flags, numbered) + data)

    def receive(self) -> tuple[int, int, int, bytes]:
        packet = self.socket.recv(65536)
        kind, flags, number = struct.unpack_from(">BBH", packet)
        return kind, flags, number, packet[4:]

    def exchange(
        self, kind: int, data: bytes, flags: int = 0, number: int | None = None
    ) -> tuple[int, int, int, bytes]:
        self.post(kind, data, flags, number)
        return self.receive()

    def next(self, data: bytes, flags: int = 0) -> tuple[int, bytes]:
        """Exchange the next packet of the session; give the reply's flags and data."""
        kind, reply_flags, number, reply = self.exchange(3, data, flags)
        assert (kind, number) == (3, self.number), reply
        self.number = (self.number + 1) % 65536
        return reply_flags, reply

    def say(self, command: bytes) -> None:
        self.push(command)

    def push(self, data: bytes) -> None:
        for start in range(0, len(data), self.payload):
            more = start + self.payload < len(data)
            assert self.next(data[start : start + self.payload], flags=more) == (0, b"")

    def hear(self) -> bytes:
        heard = b""
        while True:
            flags, data = self.next(b"")
            heard += data
            if not flags & 1:
                return heard

    def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for so long."""
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(65536)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)
        return False


@contextmanager
def connected(transport: str, address: Address) -> Iterator[Host]:
    """Open a session over either transport."""
    with TcpHost(address) if transport == "tcp" else UdpHost(address) as host:
        yield host


def eventually(condition: Callable[[], object]) -> bool:
    """Wait for a condition in a test without an event loop."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def reference_client(
    transport: str, address: Address, *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run AOSP's client; without `timeout` it would wait for a silent device for ever."""
    serial = f"{transport}:{address[0]}:{address[1]}"
    return subprocess.run(
        ["timeout", "60", "fastboot", "-s", serial, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
