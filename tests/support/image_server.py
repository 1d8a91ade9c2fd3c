"""A bridge's image store from outside: real HTTP with ranges, and mishaps as a test orders them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from flashyard.contract.records import StoredImage, Unpacked

_PIECE = 64 * 1024


@dataclass
class ImageServer:
    """``requests`` are the (path, Range) it was asked; the rest says how it behaves.

    Attributes:
        statuses: answered first, one per request, with an empty body; 200 goes on as usual.
        cuts: after so many bytes the connection is dropped, one entry per request.
        ranges: does it know them?
        hold: while it is set, a body stops after its first piece until `go`.
    """

    images: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    hold: bool = False
    go: Event = field(default_factory=Event)
    url: str = ""

    def add(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        self.images[sha256] = content
        return sha256


def stored(content: bytes, name: str = "system.img") -> StoredImage:
    """A raw image as an order names it."""
    return StoredImage(
        sha256=hashlib.sha256(content).hexdigest(),
        name=name,
        size=len(content),
        kind="raw",
        expanded_size=len(content),
        content_size=len(content),
        created_at=1_703_001_234_000,
    )


def stored_packed(packed: bytes, inside: bytes, compression: str) -> StoredImage:
    """A compressed raw image without a block of zeros, as an order names it."""
    about = {"compression": compression, "size": len(inside), "data": len(inside)}
    return stored(packed, "system.img.z").with_(
        expanded_size=len(inside),
        content_size=len(inside),
        unpacked=Unpacked.model_validate(about),
    )


@contextmanager
def image_server() -> Iterator[ImageServer]:
    """Serve on a free loopback port."""
    store = ImageServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            store.requests.append((self.path, asked))
            status = store.statuses.pop(0) if store.statuses else 200
            sha256 = self.path.split("?")[0].rpartition("/")[2]
            content = store.images.get(sha256)
            if status != 200 or content is None:
                self._answer(status if status != 200 else 404, b"{}")
                return
            start = int(re.sub(r"\D", "", asked)) if asked and store.ranges else 0
            if start >= len(content):
                self._answer(416, b"")
                return
            self._send(content, start, partial=bool(asked) and store.ranges)

        def _send(self, content: bytes, start: int, *, partial: bool) -> None:
            self.send_response(206 if partial else 200)
            if partial:
                span = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", span)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = start + store.cuts.pop(0) if store.cuts else len(content)
            for at in range(start, min(end, len(content)), _PIECE):
                self.wfile.write(content[at : min(at + _PIECE, end)])
                if store.hold:
                    store.go.wait(30.0)
            if end < len(content):
                self.close_connection = True
                self.connection.close()

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests look at what was asked."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that goes away in the middle is part of the game."""

    server = Server(("127.0.0.1", 0), Handler)
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield store
    finally:
        store.go.set()
        server.shutdown()
        thread.join()
        server.server_close()
