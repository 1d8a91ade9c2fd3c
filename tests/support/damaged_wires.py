"""What a transport makes of bytes that are nobody's: a stream over TCP, datagrams over UDP."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from pathlib import Path

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.fastboot.limits import MAX_RESPONSE, Limits
from flashyard.flash.fastboot.tcp import TcpTransport
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.fastboot.udp import UdpTransport

_NOWHERE = Address("tcp", "127.0.0.1", 1)
_ANSWERS = 3
_GAP = b"--next--"  # between two datagrams; damaged, it is part of them
_HASTY = Limits(connect=0.002, resend=0.001, attempts=2, query_attempts=2)


def _framed(*answers: bytes) -> bytes:
    return b"".join(struct.pack(">Q", len(answer)) + answer for answer in answers)


STREAMS = [
    b"FB01" + _framed(b"OKAYodd", b"INFO" + b"." * 60, b"DATA00001000", b"OKAY"),
    b"FB99" + _framed(b"FAILno", b"", b"OKAY" + b"x" * 252),
]
STREAM_FIELDS = [(4, ">Q"), (19, ">Q"), (10, ">H"), (2, ">H")]


def stream(content: bytes, _directory: Path) -> str:
    """Shake hands and hear answers until the stream is over, which is a lost link.

    It is accepted where it has at least as many answers as a sound one.
    """
    heard = 0
    ours, theirs = socket.socketpair()
    with theirs, TcpTransport(ours, _NOWHERE) as transport:
        theirs.sendall(content)
        theirs.shutdown(socket.SHUT_WR)
        transport._shake_hands(1.0)
        try:
            while True:
                assert len(transport.receive(1.0)) <= MAX_RESPONSE
                heard += 1
        except FaultError as over:
            if over.fault.code is not Code.LINK_LOST or heard < _ANSWERS:
                raise
    return "accepted"


def _datagram(kind: int, flags: int, number: int, data: bytes = b"") -> bytes:
    return struct.pack(">BBH", kind, flags, number) + data


DATAGRAMS = [
    _GAP.join(
        [
            _datagram(1, 0, 0, b"\0\7"),
            _datagram(2, 0, 7, struct.pack(">HH", 1, 1024)),
            _datagram(3, 0, 8),
            _datagram(3, 1, 9, b"OKAYa lo"),
            _datagram(3, 0, 10, b"ng one"),
        ]
    )
]


def datagrams(content: bytes, _directory: Path) -> str:
    """Begin a session, ask one thing and hear the answer, in datagrams that were there before."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    transport = UdpTransport(ours, _NOWHERE, _HASTY)
    with theirs, transport:
        theirs.setblocking(False)  # noqa: FBT003 - the socket's
        with suppress(BlockingIOError):
            for each in content.split(_GAP):
                theirs.send(each)
        transport.query()
        transport._init()
        transport.send(b"getvar:product", 0.01)
        assert len(transport.receive(0.01)) <= MAX_RESPONSE
    return "accepted"
