"""paho's client on a socket that is connected already, so that nothing in it can block.

It knows neither loop nor topics.
"""

from __future__ import annotations

import socket

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion


class SocketClient(Client):
    """A client for one connection. ``failure`` is why its socket failed, if it did."""

    def __init__(self, sock: socket.socket, client_id: str) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False
        )
        self._given = sock
        self.failure: OSError | None = None

    def _create_socket(self) -> socket.socket:
        # paho has no public way to be given a socket; its own would connect in this thread.
        return self._given

    def _sock_recv(self, bufsize: int) -> bytes:
        # paho tells nobody why a socket failed: with TLS 1.3 that is how a broker asks for a
        # client certificate, since the handshake is over by then (RFC 8446, 4.4.2.4).
        try:
            return super()._sock_recv(bufsize)
        except BlockingIOError:
            raise
        except OSError as error:
            self.failure = error
            raise
