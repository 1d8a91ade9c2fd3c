"""A bridge's WebSocket from outside: messages as they come, and a connection that comes back.

Source: the public contract, section 3. It folds nothing; what was missed, the snapshot tells.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from flashyard.client.bridge import bearer, uses_proxy
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.faults import Code, refuse
from flashyard.contract.messages import Message, decode_message

PATH = "/flash-progress"
_OPEN_TIMEOUT = 5.0  # seconds
_MAX_FRAME = 1024 * 1024  # bytes; the contract's messages stay under 64 KiB
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # seconds before trying again; doubled in between


class Heard(NamedTuple):
    """A message, and the text it came as."""

    message: Message
    text: str


class Opened(NamedTuple):
    """The connection stands; the bridge's snapshot follows."""


class Closed(NamedTuple):
    """The connection broke, for this reason; it will be tried again in ``retry_in`` seconds."""

    reason: str
    retry_in: float


class Live:
    """One WebSocket that is opened again whenever it breaks. Use it as an async context manager.

    Args:
        url: the bridge's, ``http://…`` or ``https://…``.
        token: what lets us in, where the bridge asks for it.
        job_ids: hear of these jobs only; None: of everything.
        device_ids: hear of these devices only; None: of everything.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        job_ids: Sequence[str] | None = None,
        device_ids: Sequence[str] | None = None,
    ) -> None:
        self._url = url
        self._token = token
        self._wish = {"jobIds": job_ids, "deviceIds": device_ids}
        self._socket: ClientConnection | None = None
        self._failures = 0
        self._retry_at = 0.0  # by the loop's clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def hear(self, within: float) -> Heard | Opened | Closed | None:
        """Wait for the next message or change of the connection; None: nothing in that time.

        Messages of a type this client does not know are passed over. It may be cancelled at any
        time without losing one.

        Raises:
            FaultError: `not_allowed`: the token is missing or wrong.
            UnreachableError: what answers there is no bridge.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    heard = await (self._open() if self._socket is None else self._next())
                    if heard is not None:
                        return heard
        except TimeoutError:
            return None

    async def _next(self) -> Heard | Closed | None:
        socket = self._socket
        assert socket is not None  # noqa: S101 - `hear` asks only while it is open
        try:
            text = await socket.recv(decode=True)
        except ConnectionClosed as error:
            self._socket = None
            if error.rcvd is not None and error.rcvd.code == 1008:
                raise self._shut_out() from error
            return self._failed("closed the connection")
        try:
            return Heard(decode_message(text), str(text))
        except ValueError:
            return None  # additions of a newer bridge

    async def _open(self) -> Opened | Closed:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._retry_at - loop.time()))
        address = "ws" + self._url.removeprefix("http") + PATH
        try:
            socket = await connect(
                address,
                additional_headers=bearer(self._token),
                open_timeout=_OPEN_TIMEOUT,
                close_timeout=1.0,
                max_size=_MAX_FRAME,
                compression=None,
                proxy=True if uses_proxy(self._url) else None,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            if status in {401, 403}:
                raise self._shut_out() from error
            if status < 500:
                raise UnreachableError(
                    self._url, f"answers {status} at {PATH} as no bridge does"
                ) from error
            return self._failed(f"answers {status}")
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            return self._failed(str(error) or "does not answer")
        wish = {key: list(value) for key, value in self._wish.items() if value is not None}
        if wish:
            try:
                await socket.send(json.dumps({"type": "subscribe", **wish}))
            except ConnectionClosed:
                return self._failed("closed the connection")
        self._failures = 0
        self._socket = socket
        return Opened()

    def _failed(self, reason: str) -> Closed:
        # Full jitter: a bridge that comes back is not met by all its clients at once.
        most = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failures, 10))
        pause = random.uniform(0.0, most)  # noqa: S311 - no secret
        self._failures += 1
        self._retry_at = asyncio.get_running_loop().time() + pause
        return Closed(reason, pause)

    def _shut_out(self) -> Exception:
        return refuse(Code.NOT_ALLOWED, "The bridge does not know our token.")
