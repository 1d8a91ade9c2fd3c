"""The HTTP protocol class for uvicorn's `http`: a head that is none, too large or too slow.

Such a request reaches no application, so this is where it is refused, in the shape of all errors.
"""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from flashyard.contract.faults import Code, Fault, fault
from flashyard_bridge.live.handshake import refused

MAX_HEAD = 64 * 1024  # bytes, the parser's own bound for an address; it has none for headers
HEAD_WITHIN = 30.0  # seconds from the connection, or from a head's first byte, to its last
READ_WITHIN = 5.0  # seconds for a refused peer to read why


class HttpSocket(HttpToolsProtocol):
    """One connection, until it is closed or becomes a WebSocket."""

    _size: int | None = None  # of the head that is coming in; None: no part of one is
    _late: asyncio.TimerHandle | None = None
    _is_refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a head."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._hurry(HEAD_WITHIN)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._rest()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head has begun."""
        super().on_message_begin()
        self._size = 0
        self._hurry(HEAD_WITHIN)

    def on_headers_complete(self) -> None:
        """It is whole; a body may take its time."""
        self._size = None
        self._rest()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and see how much it has gathered."""
        if self._is_refused:
            return
        super().data_received(data)
        if self._size is not None and not self._is_refused:
            self._size += len(data)
            if self._size > MAX_HEAD:
                sentence = f"The request's head is over {MAX_HEAD} bytes."
                self._refuse(fault(Code.PAYLOAD_TOO_LARGE, sentence), 431)

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser gave up on."""
        self._refuse(fault(Code.INVALID_REQUEST, msg), 400)

    def _refuse(self, why: Fault, status: int) -> None:
        self._is_refused = True
        self.transport.write(refused(why, status).response.serialize())
        # Not closed at once: what it still sends would reset the connection before it has read why.
        try:
            self.transport.write_eof()
        except OSError:  # it is gone already
            self.transport.abort()
        self._hurry(READ_WITHIN)

    def _hurry(self, within: float) -> None:
        self._rest()
        self._late = self.loop.call_later(within, self.transport.abort)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
