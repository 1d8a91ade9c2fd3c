"""A fastboot device that says exactly what a test wants it to, over a real socket.

For what no emulator would say. A script that goes wrong fails the test that ran it.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import NamedTuple

from flashyard.flash.fastboot.transport import Address

DEADLINE = 10.0
_LENGTH = struct.Struct(">Q")
_HEADER = struct.Struct(">BBH")


class TcpPeer:
    """The device's end of one TCP session."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def shake_hands(self) -> None:
        self.connection.sendall(b"FB01")
        assert self.read(4) == b"FB01"

    def read(self, size: int) -> bytes:
        got = b""
        while len(got) < size:
            piece = self.connection.recv(size - len(got))
            assert piece, f"the host hung up after {len(got)} of {size} bytes"
            got += piece
        return got

    def message(self) -> bytes:
        (size,) = _LENGTH.unpack(self.read(8))
        return self.read(size)

    def expect(self, command: str, *answers: bytes) -> None:
        assert self.message() == command.encode()
        self.say(*answers)

    def say(self, *answers: bytes) -> None:
        for answer in answers:
            self.connection.sendall(_LENGTH.pack(len(answer)) + answer)

    def host_hangs_up(self) -> None:
        """Wait until the host closes, as it does when its test is over."""
        try:
            while self.connection.recv(65536):
                pass
        except ConnectionResetError:
            pass


class Datagram(NamedTuple):
    """One UDP packet of the host."""

    id: int
    flags: int
    sequence: int
    data: bytes


class UdpPeer:
    """The device's end of the UDP port."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.host = ("", 0)
        self.last = Datagram(0, 0, 0, b"")

    def packet(self) -> Datagram:
        datagram, self.host = self.link.recvfrom(65536)
        kind, flags, sequence = _HEADER.unpack_from(datagram)
        self.last = Datagram(kind, flags, sequence, datagram[_HEADER.size :])
        return self.last

    def reply(
        self, data: bytes = b"", *, kind: int | None = None, flags: int = 0, sequence: int = -1
    ) -> None:
        """Answer the last packet; kind and sequence are its own unless told otherwise."""
        kind = self.last.id if kind is None else kind
        sequence = self.last.sequence if sequence < 0 else sequence
        self.raw(_HEADER.pack(kind, flags, sequence) + data)

    def raw(self, datagram: bytes) -> None:
        self.link.sendto(datagram, self.host)

    def begin(self, sequence: int = 0, packet: int = 1024) -> None:
        """Answer the query and the init of a session."""
        assert self.packet().id == 1
        self.reply(struct.pack(">H", sequence))
        init = self.packet()
        assert init == Datagram(2, 0, sequence, struct.pack(">HH", 1, 8192))
        self.reply(struct.pack(">HH", 1, packet))

    def expect(self, command: str, *answers: bytes) -> None:
        """Take a command of one packet, and give each answer to a packet that asks for it."""
        assert self.packet().data == command.encode()
        self.reply()
        for answer in answers:
            assert self.packet().data == b""
            self.reply(answer)


@contextmanager
def tcp_device(script: Callable[[TcpPeer], None], *, greet: bool = True) -> Iterator[Address]:
    """Serve one session by a script, after the handshake unless ``greet`` is false."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(DEADLINE)
                peer = TcpPeer(connection)
                if greet:
                    peer.shake_hands()
                script(peer)

        with _in_thread(serve):
            yield Address("tcp", *listener.getsockname())


@contextmanager
def udp_device(script: Callable[[UdpPeer], None]) -> Iterator[Address]:
    """Serve a UDP port by a script."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        link.settimeout(DEADLINE)
        with _in_thread(lambda: script(UdpPeer(link))):
            yield Address("udp", *link.getsockname())


@contextmanager
def _in_thread(work: Callable[[], None]) -> Iterator[None]:
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 (raised again in the test's own thread)
            failures.append(failure)

    thread = Thread(target=guarded, name="scripted device")
    thread.start()
    try:
        yield
    finally:
        thread.join(DEADLINE)
        assert not thread.is_alive(), "the script did not end"
    if failures:
        raise failures[0]
