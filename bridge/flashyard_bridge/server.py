"""uvicorn with our manners: sockets that are bound already, quiet, stopped by cancelling.

It knows no route, no message and no signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

from flashyard_bridge.http_socket import HttpSocket
from flashyard_bridge.live.websocket import LiveSocket

MAX_MESSAGE = 64 * 1024  # bytes of a browser's message
_GRACE = 5  # seconds in which requests under way may end


class Server(uvicorn.Server):
    """One process's HTTP and WebSocket server.

    Args:
        app: what answers HTTP; its lifespan's state holds `live` and `doors` for WebSockets.
        on_serving: called once all sockets are served.
    """

    def __init__(self, app: ASGIApp, on_serving: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            http=HttpSocket,
            ws=LiveSocket,
            ws_max_size=MAX_MESSAGE,
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # nobody's word on who is calling is taken
            server_header=False,
            timeout_graceful_shutdown=_GRACE,
        )
        super().__init__(config)
        self._on_serving = on_serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_serving()

    async def run_until_stopped(self, sockets: Sequence[socket.socket]) -> None:
        """Serve until `should_exit` or cancellation; then close what is open, in good order."""
        serving = asyncio.create_task(self.serve(list(sockets)), name="bridge[server]")
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self.should_exit = True
            await serving
            raise

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs this; uvicorn's own way ends by raising SIGTERM again."""
        yield
