"""fastboot over TCP (AOSP fastboot README, "TCP Protocol v1"): a listener, and one host's wire.

Frames and the handshake; it knows no command.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import TypeAlias

from flashyard.flash.emulator.wire import Wire, WireGoneError

Address: TypeAlias = tuple[str, int]

_HANDSHAKE = b"FB01"
_HOST_HANDSHAKE = re.compile(rb"FB(?!00)\d\d")
_LENGTH = struct.Struct(">Q")
_LONGEST_FRAME = 4096
"""No command of any version of the protocol is longer."""

_HANDSHAKE_S = 5.0
_LINGER_S = 0.5
_STOP_S = 2.0
_RETRY_S = 0.1
_MAX_HOSTS = 32


class TcpWire:
    """One host's connection. A frame is never held whole, however long it is."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._frame_left = 0

    def shake_hands(self) -> None:
        """Exchange versions; the host has five seconds."""
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._connection.settimeout(_HANDSHAKE_S)
        self._send_all(_HANDSHAKE)
        theirs = self._read_exactly(len(_HANDSHAKE))
        if not _HOST_HANDSHAKE.fullmatch(theirs):
            raise WireGoneError(f"no fastboot host says {theirs!r}")
        self._connection.settimeout(None)

    def read_command(self) -> bytes:
        """Read the next frame that is not empty; one that no command can fill ends the session."""
        if self._frame_left:
            raise WireGoneError("more data than was announced")
        while not (length := self._read_length()):
            pass
        if length > _LONGEST_FRAME:
            raise WireGoneError("a frame that no command can fill")
        return self._read_exactly(length)

    def send(self, reply: bytes) -> None:
        """Send one frame in one write, so that no half of it waits for an acknowledgement."""
        self._send_all(_LENGTH.pack(len(reply)) + reply)

    def read_into(self, view: memoryview) -> int:
        """Take what has come of the data phase, across frames of any length."""
        while not self._frame_left:
            self._frame_left = self._read_length()
        count = self._receive(view[: self._frame_left])
        self._frame_left -= count
        return count

    def linger(self) -> None:
        """Wait for the host to hang up first; closing on unread bytes would reset its last read."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
            self._connection.settimeout(_LINGER_S)
            while self._connection.recv(_LONGEST_FRAME):
                pass

    def cut(self) -> None:
        """Reset the connection; RST is as near to a pulled cable as TCP comes."""
        with suppress(OSError):
            reset = struct.pack("ii", 1, 0)
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)

    def hang_up(self) -> None:
        """End the connection from any thread; whoever reads or writes meets WireGoneError."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket."""
        self._connection.close()

    def _read_length(self) -> int:
        (length,) = _LENGTH.unpack(self._read_exactly(_LENGTH.size))
        return int(length)

    def _read_exactly(self, count: int) -> bytes:
        buffer = bytearray(count)
        view = memoryview(buffer)
        while view:
            view = view[self._receive(view) :]
        return bytes(buffer)

    def _receive(self, view: memoryview) -> int:
        try:
            count = self._connection.recv_into(view)
        except OSError as error:
            raise WireGoneError(f"the connection broke: {error}") from error
        if not count:
            raise WireGoneError("the host hung up")
        return count

    def _send_all(self, packet: bytes) -> None:
        try:
            self._connection.sendall(packet)
        except OSError as error:
            raise WireGoneError(f"the connection broke: {error}") from error


class TcpPort:
    """Listens at one address and serves every host in a thread of its own.

    While the device restarts nobody listens, yet the port stays taken: it is the same socket,
    out of its listening state.

    Args:
        address: host and port; port 0 takes a free one.
        serve: talks to one host until WireGoneError.
        receive_buffer: bytes the kernel may take ahead of us, or None for its own choice.
    """

    def __init__(
        self, address: Address, serve: Callable[[Wire], None], receive_buffer: int | None
    ) -> None:
        self.wanted = address
        self._serve = serve
        self._receive_buffer = receive_buffer
        self._listener: socket.socket | None = None
        self._stopping = Event()
        self._down_for = 0.0
        self._lock = Lock()
        self._hosts: dict[TcpWire, Thread] = {}
        self._acceptor: Thread | None = None

    @property
    def address(self) -> Address:
        """Where it listens."""
        if self._listener is None:
            raise RuntimeError("The port is not open.")
        host, port = self._listener.getsockname()[:2]
        return host, port

    def open(self) -> None:
        """Listen; raises OSError where the address is taken or not ours."""
        self._listener = _bind(self.wanted, self._receive_buffer)
        self._listener.listen()
        self._acceptor = Thread(
            target=self._accept_all,
            args=(self._listener,),
            name=f"fastboot-tcp:{self.address[1]}",
            daemon=True,
        )
        self._acceptor.start()

    def restart(self, down_for: float, spared: Wire) -> None:
        """Drop every host but one, who is owed a reply, and listen again in so many seconds."""
        self._down_for = down_for
        self._hang_up(spared)

    def close(self) -> None:
        """Drop every host and stop listening; calling it again is fine."""
        self._stopping.set()
        self._hang_up()
        deadline = time.monotonic() + _STOP_S
        with self._lock:
            threads = [*self._hosts.values()]
        for thread in (self._acceptor, *threads):
            if thread is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        if self._listener is not None:
            self._listener.close()

    def _hang_up(self, spared: Wire | None = None) -> None:
        with self._lock:
            wires = [wire for wire in self._hosts if wire is not spared]
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
        for wire in wires:
            wire.hang_up()

    def _accept_all(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:  # shut down, for good or for a restart; or out of file descriptors
                if not self._stopping.wait(self._down_for or _RETRY_S):
                    listener.listen()
                continue
            self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        wire = TcpWire(connection)
        thread = Thread(target=self._talk, args=(wire,), name="fastboot-tcp-host", daemon=True)
        with self._lock:
            if len(self._hosts) < _MAX_HOSTS and not self._stopping.is_set():
                self._hosts[wire] = thread
                thread.start()
            else:
                wire.close()

    def _talk(self, wire: TcpWire) -> None:
        try:
            with suppress(WireGoneError):
                wire.shake_hands()
                self._serve(wire)
        finally:
            with self._lock:
                del self._hosts[wire]
            wire.close()


def _bind(address: Address, receive_buffer: int | None) -> socket.socket:
    """Bind to a port by number, found first if any will do: only such a one survives restarts."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        with socket.socket(family, socket.SOCK_STREAM) as finder:
            finder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            finder.bind(address)
            listener.bind(finder.getsockname())
    except OSError:
        listener.close()
        raise
    return listener
