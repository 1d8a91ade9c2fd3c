"""A transport that notes what passes through it. It changes nothing, and keeps no image's bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Self

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.fastboot.transport import Transport
from flashyard.flash.recordings.kept import Kept
from flashyard.flash.recordings.transcript import Act, Call


class RecordingTransport:
    """Wraps an open transport; meets :class:`Transport`.

    ``keep`` gets the calls once the session is closed. Pushes, or pulls, in a row become one call,
    with the SHA-256 of their bytes.
    """

    def __init__(
        self,
        transport: Transport,
        keep: Callable[[list[Call]], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._transport = transport
        self._keep = keep
        self._clock = clock
        self._began = clock()
        self._calls = Kept()
        self._moving = Act.PUSH
        self._moved = 0  # bytes
        self._moves = 0  # calls
        self._sha256 = hashlib.sha256()
        self._is_closed = False

    @property
    def breaks_off(self) -> bool:
        """As the transport says."""
        return self._transport.breaks_off

    def send(self, packet: bytes, wait: float) -> None:
        """Send one command."""
        with self._noted(Act.SEND, packet):
            self._transport.send(packet, wait)
        self._note(Act.SEND, packet)

    def receive(self, wait: float) -> bytes:
        """Receive one response packet."""
        with self._noted(Act.RECEIVE):
            packet = self._transport.receive(wait)
        self._note(Act.RECEIVE, packet)
        return packet

    def open_data(self, size: int, wait: float) -> None:
        """Begin a data phase."""
        with self._noted(Act.OPEN, size=size):
            self._transport.open_data(size, wait)
        self._note(Act.OPEN, size=size)

    def push(self, data: memoryview, wait: float) -> int:
        """Hand over bytes of the data phase."""
        with self._noted(Act.PUSH):
            taken = self._transport.push(data, wait)
        return self._count(Act.PUSH, data[:taken])

    def pull(self, into: memoryview, wait: float) -> int:
        """Take bytes of a data phase towards us."""
        with self._noted(Act.PULL):
            taken = self._transport.pull(into, wait)
        return self._count(Act.PULL, into[:taken])

    def close(self) -> None:
        """Close the transport, and give away what was noted; once."""
        self._transport.close()
        if not self._is_closed:
            self._is_closed = True
            self._note_data()
            self._keep(self._calls.all())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @contextmanager
    def _noted(self, act: Act, packet: bytes | None = None, size: int = 0) -> Iterator[None]:
        """Note a call that goes wrong."""
        try:
            yield
        except FaultError as broken:
            self._note(act, packet, size, broken.fault.code, broken.fault.details)
            raise

    def _note(
        self,
        act: Act,
        packet: bytes | None = None,
        size: int = 0,
        fault: Code | None = None,
        details: str | None = None,
    ) -> None:
        self._note_data()
        self._calls.add(Call(self._at(), act, packet, size, fault=fault, details=details))

    def _count(self, act: Act, data: memoryview) -> int:
        """Count one more of a row; between two rows there is always a command."""
        self._sha256.update(data)
        self._moving = act
        self._moved += len(data)
        self._moves += 1
        return len(data)

    def _note_data(self) -> None:
        if self._moves:
            digest = self._sha256.hexdigest()
            self._calls.add(Call(self._at(), self._moving, None, self._moved, digest, self._moves))
            self._sha256 = hashlib.sha256()
            self._moved = self._moves = 0

    def _at(self) -> int:
        return round((self._clock() - self._began) * 1000)
