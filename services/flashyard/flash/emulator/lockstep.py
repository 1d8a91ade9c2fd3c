"""The numbered exchange of fastboot over UDP: every host packet has one reply, sent again with it.

Source: AOSP fastboot README, "UDP Protocol v1". It has one host at a time, the one whose init
came last, and knows nothing of what packets say.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from secrets import randbelow
from typing import Any, TypeAlias

from flashyard.flash.emulator.datagram import (
    HEADER_SIZE,
    LARGEST_PACKET,
    Datagram,
    Kind,
    agree,
    pack_number,
)
from flashyard.flash.emulator.wire import WireGoneError

_Peer: TypeAlias = Any
"""As recvfrom gives it: two fields for IPv4, four for IPv6."""

_NUMBERS = 1 << 16


class _NewHostError(WireGoneError):
    """An init came; it waits to be answered."""


class Lockstep:
    """The device's end of a UDP socket. One thread runs it; others may interrupt it.

    Attributes:
        payload: bytes of data one packet of the present session carries.
    """

    def __init__(self, bound: socket.socket) -> None:
        self.payload = 0
        self._socket = bound
        self._expected = randbelow(_NUMBERS)  # the number of the next host packet
        self._kept = b""  # the reply to the one before
        self._host: _Peer = None
        self._pulled: _Peer = None  # a host whose cable was pulled hears nothing until its init
        self._init: tuple[Datagram, _Peer] | None = None  # came while another host was served
        self._interrupted = False
        self._rest = 0.0
        self._deaf_until = 0.0

    def interrupt(self) -> None:
        """End the session, or the wait for one, with WireGoneError."""
        self._interrupted = True
        with suppress(OSError):  # an empty datagram to ourselves wakes the thread
            self._socket.sendto(b"", self._socket.getsockname())

    def rest(self, seconds: float) -> None:
        """Once the session is over, hear nothing for so long."""
        self._rest = seconds

    def await_host(self) -> None:
        """Wait for a host to begin a session.

        Raises:
            WireGoneError: interrupted.
        """
        self._host = None
        self._deaf_until, self._rest = time.monotonic() + self._rest, 0.0
        while self._host is None:
            if self._init is None:
                with suppress(_NewHostError):
                    self.receive()
            if self._init is not None:
                self._begin(*self._init)

    def receive(self) -> Datagram:
        """Wait for the host's next packet, which :meth:`answer` then must answer.

        Raises:
            WireGoneError: interrupted, or another host began a session.
        """
        while True:
            packet, peer = self._socket.recvfrom(LARGEST_PACKET + 1)
            if self._interrupted:
                self._interrupted = False
                raise WireGoneError("the device is switched off or restarts")
            datagram = Datagram.unpack(packet)
            if datagram is None or time.monotonic() < self._deaf_until:
                continue
            if datagram.kind is Kind.QUERY:
                self._send(Kind.QUERY, datagram.number, pack_number(self._expected), peer)
            elif datagram.kind is Kind.INIT and datagram.number == self._expected:
                self._init = (datagram, peer)
                raise _NewHostError("another host began a session")
            elif peer == self._host:
                if self._is_repeat(datagram):
                    self._transmit(self._kept, peer)
                elif datagram.kind is Kind.FASTBOOT and datagram.number == self._expected:
                    return self._checked(datagram)
            elif peer != self._pulled and datagram.kind is not Kind.ERROR:
                self._send(Kind.ERROR, datagram.number, b"no session", peer)

    def answer(self, data: bytes = b"", *, continues: bool = False) -> None:
        """Reply to the packet received last, and keep the reply for when it comes again."""
        self._answer(Datagram(Kind.FASTBOOT, self._expected, continues, data))

    def answer_repeats(self, seconds: float) -> None:
        """Go on for a while for a host that may have missed the last reply, and for nobody else."""
        deadline = time.monotonic() + seconds
        try:
            while (left := deadline - time.monotonic()) > 0 and not self._interrupted:
                self._socket.settimeout(left)
                packet, peer = self._socket.recvfrom(LARGEST_PACKET + 1)
                datagram = Datagram.unpack(packet)
                if datagram and peer == self._host and self._is_repeat(datagram):
                    self._transmit(self._kept, peer)
        except TimeoutError:
            pass
        finally:
            self._socket.settimeout(None)

    def violated(self, rule: str) -> WireGoneError:
        """Tell the host that it broke the protocol; gives the exception to raise."""
        self._send(Kind.ERROR, self._expected, rule.encode(), self._host)
        return WireGoneError(rule)

    def pull(self) -> None:
        """Say nothing more to this host until it begins a session anew."""
        self._pulled = self._host

    def _checked(self, datagram: Datagram) -> Datagram:
        if len(datagram.data) > self.payload:
            raise self.violated("packet too large")
        return datagram

    def _is_repeat(self, datagram: Datagram) -> bool:
        return (datagram.number + 1) % _NUMBERS == self._expected

    def _begin(self, init: Datagram, peer: _Peer) -> None:
        self._init = None
        terms = agree(init.data)
        if terms is None:
            self._send(Kind.ERROR, init.number, b"unacceptable terms", peer)
            return
        answer, packet = terms
        self.payload = packet - HEADER_SIZE
        self._host, self._pulled = peer, None
        self._answer(Datagram(Kind.INIT, self._expected, continues=False, data=answer))

    def _answer(self, reply: Datagram) -> None:
        self._kept = reply.pack()
        self._expected = (self._expected + 1) % _NUMBERS
        self._transmit(self._kept, self._host)

    def _send(self, kind: Kind, number: int, data: bytes, peer: _Peer) -> None:
        self._transmit(Datagram(kind, number, continues=False, data=data).pack(), peer)

    def _transmit(self, packet: bytes, peer: _Peer) -> None:
        with suppress(OSError):  # lost on the way or here: the host asks again
            self._socket.sendto(packet, peer)
