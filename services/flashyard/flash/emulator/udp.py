"""fastboot over UDP (AOSP fastboot README, "UDP Protocol v1"): a port, and its host's wire.

Messages over the numbered exchange; it knows no command.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

from flashyard.flash.emulator.lockstep import Lockstep
from flashyard.flash.emulator.tcp import Address
from flashyard.flash.emulator.wire import Wire, WireGoneError

_LONGEST_COMMAND = 4096
_LINGER_S = 0.7
"""A little more than the half second after which a host that missed a reply asks again."""

_STOP_S = 2.0


class UdpWire:
    """The line to the host that began the present session."""

    def __init__(self, exchange: Lockstep) -> None:
        self._exchange = exchange
        self._left_over = memoryview(b"")  # of a data packet that was acknowledged

    def read_command(self) -> bytes:
        """Collect packets until one does not continue; empty ones are hosts asking too early."""
        command = b""
        while True:
            packet = self._exchange.receive()
            command += packet.data
            if len(command) > _LONGEST_COMMAND:
                raise self._exchange.violated("no command is that long")
            self._exchange.answer()
            if command and not packet.continues:
                return command

    def send(self, reply: bytes) -> None:
        """Put a reply into the answers to the empty packets with which the host asks for it."""
        for start in range(0, len(reply), self._exchange.payload):
            if self._exchange.receive().data or self._left_over:
                raise self._exchange.violated("data while a reply was due")
            end = start + self._exchange.payload
            self._exchange.answer(reply[start:end], continues=end < len(reply))

    def read_into(self, view: memoryview) -> int:
        """Take what one packet brought, or what is left of it."""
        while not self._left_over:
            self._left_over = memoryview(self._exchange.receive().data)
            self._exchange.answer()
        count = min(len(view), len(self._left_over))
        view[:count] = self._left_over[:count]
        self._left_over = self._left_over[count:]
        return count

    def linger(self) -> None:
        """Repeat the last reply if the host missed it."""
        self._exchange.answer_repeats(_LINGER_S)

    def cut(self) -> None:
        """Fall silent."""
        self._exchange.pull()


class UdpPort:
    """Receives at one address and serves one host at a time in a thread of its own.

    Args:
        address: host and port; port 0 takes a free one.
        serve: talks to one host until WireGoneError.
    """

    def __init__(self, address: Address, serve: Callable[[Wire], None]) -> None:
        self.wanted = address
        self._serve = serve
        self._socket: socket.socket | None = None
        self._exchange: Lockstep | None = None
        self._wire: UdpWire | None = None
        self._thread: Thread | None = None
        self._stopping = Event()

    @property
    def address(self) -> Address:
        """Where it receives."""
        if self._socket is None:
            raise RuntimeError("The port is not open.")
        host, port = self._socket.getsockname()[:2]
        return host, port

    def open(self) -> None:
        """Receive; raises OSError where the address is taken or not ours."""
        family = socket.AF_INET6 if ":" in self.wanted[0] else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_DGRAM)
        try:
            bound.bind(self.wanted)
        except OSError:
            bound.close()
            raise
        self._socket = bound
        self._exchange = exchange = Lockstep(bound)
        self._thread = Thread(
            target=self._run,
            args=(exchange,),
            name=f"fastboot-udp:{self.address[1]}",
            daemon=True,
        )
        self._thread.start()

    def restart(self, down_for: float, spared: Wire) -> None:
        """End the session unless it is owed a reply, and then hear nothing for so many seconds."""
        if self._exchange is not None:
            self._exchange.rest(down_for)
            if spared is not self._wire:
                self._exchange.interrupt()

    def close(self) -> None:
        """End the session and give the address up; calling it again is fine."""
        self._stopping.set()
        if self._exchange is not None:
            self._exchange.interrupt()
        if self._thread is not None:
            self._thread.join(_STOP_S)
        if self._socket is not None:
            self._socket.close()

    def _run(self, exchange: Lockstep) -> None:
        while not self._stopping.is_set():
            with suppress(WireGoneError):
                exchange.await_host()
                self._wire = UdpWire(exchange)
                self._serve(self._wire)
