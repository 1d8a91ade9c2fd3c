"""The WebSocket protocol class for uvicorn's `ws`: websockets' sans-I/O layer on the transport.

It moves bytes and keeps a connection's manners (RFC 6455: handshake, pings, closing handshake);
what is said is the watcher's business.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import OP_BINARY, OP_CONT, OP_PING, OP_PONG, OP_TEXT, CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import OPEN, SEND_EOF
from websockets.server import ServerProtocol

from flashyard.contract.faults import Code, fault
from flashyard_bridge.gate import Address, Doors
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.live.handshake import Opening, no_handshake, open_up, refused
from flashyard_bridge.live.outbox import Parcel
from flashyard_bridge.live.pulse import Pulse
from flashyard_bridge.live.watcher import Watcher

WRITE_HIGH = 32 * 1024  # bytes waiting for the socket above which the outbox conflates
UNSENT = 32 * 1024  # bytes the kernel may hold unsent: what lies there only grows stale
CLOSE_WITHIN = 5.0  # seconds for a closing handshake
FAREWELL_WITHIN = 2.0  # ... while the server goes down
_PING = Frame(OP_PING, b"").serialize(mask=False)
_EMPTY_PONG = bytes([0x80 | OP_PONG, 0x80])  # FIN; masked, no data; four bytes of mask follow

_log = logging.getLogger(__name__)


class LiveSocket(asyncio.Protocol):
    """One connection, from the upgrade request that uvicorn hands over until it is lost."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._live: Live = app_state["live"]
        self._doors: Doors = app_state["doors"]
        self._connections = cast("set[LiveSocket]", server_state.connections)
        self._max_size = config.ws_max_size
        self._loop = _loop or asyncio.get_running_loop()
        self._pulse = Pulse(
            self._ping,
            self._drop,
            ping_after=config.ws_ping_interval or 20.0,
            pong_within=config.ws_ping_timeout or 20.0,
        )
        self._transport: asyncio.Transport
        # After the handshake None until the first frame comes: an idle browser costs no parser.
        self._protocol: ServerProtocol | None = None
        self._watcher: Watcher | None = None
        self._is_greeted = False
        self._is_paused = False
        self._text: list[bytes] | None = None  # the parts of an unfinished text message
        self._ignored = 0
        self._abort: asyncio.TimerHandle | None = None

    # What uvicorn and the transport call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; uvicorn hands over the transport of an upgrade request."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take the request's head, then frames."""
        try:
            if self._is_greeted:
                self._receive(data)
            else:
                self._greet(data)
        except Exception:  # noqa: BLE001 - the crash border: one browser's trouble stays its own
            _log.exception("a WebSocket connection crashed")
            if self._is_greeted:
                self.close(CloseCode.INTERNAL_ERROR, "something went wrong inside flashyard")
            else:
                self._reply(refused(fault(Code.INTERNAL)))

    def eof_received(self) -> None:
        """The peer is gone without a word; the transport closes by itself, or is made to."""
        self._part(CLOSE_WITHIN)

    def connection_lost(self, _exc: Exception | None) -> None:
        """It is over."""
        self._connections.discard(self)
        self._leave()
        self._count_end()
        if self._abort is not None:
            self._abort.cancel()

    def pause_writing(self) -> None:
        """The peer does not keep up: what follows waits in the outbox, thinned out."""
        self._is_paused = True
        if self._watcher is not None:
            self._watcher.pause()

    def resume_writing(self) -> None:
        """The peer took most of what it was sent: it lives."""
        self._is_paused = False
        self._pulse.beat()
        if self._watcher is not None:
            self._watcher.resume()

    def shutdown(self) -> None:
        """Say goodbye: the server goes down."""
        if self._watcher is None:
            self._part(FAREWELL_WITHIN)
        else:
            self.close(CloseCode.SERVICE_RESTART, "flashyard stops", FAREWELL_WITHIN)

    # What the watcher calls

    def write(self, data: bytes) -> None:
        """Write frames; `pause_writing` follows at once where that is enough for now."""
        self._transport.write(data)

    def close(self, code: int, reason: str, within: float = CLOSE_WITHIN) -> None:
        """Start the closing handshake; whoever does not end it in time is cut off."""
        protocol = self._parser()
        if protocol.state is OPEN:
            # Not written by hand: the protocol would echo the peer's echo.
            protocol.send_close(code, reason)
        self._part(within)
        self._send(protocol)

    # The opening handshake

    def _greet(self, head: bytes) -> None:
        protocol = ServerProtocol(max_size=self._max_size)
        protocol.receive_data(head)
        events = protocol.events_received()
        if events and isinstance(events[0], Request):
            self._reply(open_up(protocol, events[0], self._doors, self._listener()))
            return
        # Left to itself the protocol would close without a word.
        cause = protocol.handshake_exc and protocol.handshake_exc.__cause__
        self._reply(refused(no_handshake(str(cause)), 400))

    def _reply(self, opening: Opening) -> None:
        self._is_greeted = True
        self._transport.write(opening.response.serialize())
        if not opening.is_open:
            self._part(CLOSE_WITHIN)
            self._end_writing()
        elif not opening.has_token:
            self.close(CloseCode.POLICY_VIOLATION, "a valid token is needed")
        else:
            # Not at once: until uvicorn has set this protocol, `pause_writing` goes elsewhere.
            self._loop.call_soon(self._go_live, opening.only)

    def _go_live(self, only: str | None) -> None:
        if self._transport.is_closing() or self._abort is not None:
            return
        self._transport.set_write_buffer_limits(high=WRITE_HIGH)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
        self._pulse.start()
        self._watcher = Watcher(self, only, self._live.tally)
        self._live.join(self._watcher)

    def _listener(self) -> Address | None:
        name = self._transport.get_extra_info("sockname")
        return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None

    # What comes in

    def _parser(self) -> ServerProtocol:
        if self._protocol is None:
            self._protocol = ServerProtocol(state=OPEN, max_size=self._max_size)
        return self._protocol

    def _receive(self, data: bytes) -> None:
        self._pulse.beat()
        if self._protocol is None and len(data) == 6 and data.startswith(_EMPTY_PONG):
            return
        protocol = self._parser()
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame) and self._watcher is not None:
                self._hear(self._watcher, event)
        if protocol.state is not OPEN:
            self._part(CLOSE_WITHIN)
        self._send(protocol)

    def _hear(self, watcher: Watcher, frame: Frame) -> None:
        """Gather a message; pings and closes were seen to by the protocol."""
        if frame.opcode is OP_TEXT:
            self._text = []
        elif frame.opcode is OP_BINARY:
            self._text = None
        elif frame.opcode is not OP_CONT:
            return
        if self._text is not None:
            self._text.append(bytes(frame.data))
        if not frame.fin:
            return
        parts, self._text = self._text, None
        try:
            self._live.hear(watcher, b"".join(parts or ()))  # a binary message says nothing
        except ValueError:
            self._ignored += 1
            self._live.tally.ignored += 1
            if self._ignored == 1:
                peer = self._transport.get_extra_info("peername")
                _log.info("%s said what is neither ping nor subscribe; ignored", peer)

    def _send(self, protocol: ServerProtocol) -> None:
        """Write what the protocol has to say: a pong, a close, the end."""
        for data in protocol.data_to_send():
            if data == SEND_EOF:
                self._end_writing()
            elif self._is_paused and self._watcher is not None:
                self._watcher.owe(Parcel(data, key="control"))  # of pongs only the newest counts
            else:
                self._transport.write(data)

    # The end

    def _ping(self) -> None:
        self._transport.write(_PING)

    def _drop(self) -> None:
        if self._is_paused:
            self.close(CloseCode.TRY_AGAIN_LATER, "too slow for the messages there are")
        else:
            self.close(CloseCode.INTERNAL_ERROR, "no answer to a ping")

    def _part(self, within: float) -> None:
        """Go out of the picture, and out of memory in so many seconds."""
        self._leave()
        if self._abort is not None:
            self._abort.cancel()
        self._abort = self._loop.call_later(within, self._transport.abort)

    def _leave(self) -> None:
        self._pulse.stop()
        if self._watcher is not None:
            self._live.leave(self._watcher)
            self._watcher.stop()
            self._watcher = None

    def _count_end(self) -> None:
        protocol = self._protocol
        if protocol and protocol.close_sent and not protocol.close_rcvd_then_sent:
            self._live.tally.closed[int(protocol.close_sent.code)] += 1

    def _end_writing(self) -> None:
        # Half-closed: a full close with unread data would reset the connection, and the peer
        # might never see why. It reads the close, answers it and closes; or is cut off.
        try:
            self._transport.write_eof()
        except OSError:  # it is gone already
            self._transport.abort()
