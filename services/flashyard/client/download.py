"""Fetching an image from a bridge into a file: signed, resumable, checked. Blocking.

It knows the URL and the digest, and not what an image is. The signed query is a credential: it
appears in no fault and no log.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from flashyard.contract.faults import Code, FaultError, fault, refuse

_CHUNK = 1 << 20
_PIECE = 64 << 10  # what is taken from the network at a time
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)  # seconds, for each read and write
_BARREN = 5  # attempts in a row that brought less than a chunk
_PASSING = frozenset({408, 425, 429})  # answers that may be others in a moment; and every 5xx
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_RANGE = re.compile(r"bytes (\d+)-\d*/(\d+|\*)")


class StoreAwayError(FaultError):
    """`image_unreachable` because the bridge did not answer, as it may again in a while."""


class _InterruptedError(Exception):
    """The transfer broke off and may be taken up again; its text says how, without the URL."""


class Allowance(Protocol):
    """How fast a download may go."""

    @property
    def portion(self) -> int | None:
        """How many bytes to take at a time; None: any number."""

    def take(self, count: int, wait: Callable[[float], bool]) -> bool:
        """Wait, by ``wait``, until so many bytes may be had; it leaves off once that says True."""


class Download:
    """One image on its way into ``path``, which may hold its beginning already.

    A context manager that holds the connection. ``received``, the bytes that are there, may be
    read from other threads. Without an ``allowance`` it goes as fast as the bridge sends.
    """

    def __init__(
        self,
        bridge_url: str,
        query: str,
        sha256: str,
        size: int,
        path: Path,
        *,
        allowance: Allowance | None = None,
    ) -> None:
        self.received = 0
        self._url = f"{bridge_url.rstrip('/')}/api/images/{sha256}?{query.removeprefix('?')}"
        self._sha256 = sha256
        self._size = size
        self._path = path
        self._allowance = allowance
        self._hash = hashlib.sha256()
        self._stopped = Event()
        self._furthest = 0
        self._barren = 0

    def __enter__(self) -> Self:
        # At INFO httpx logs each request's URL, and ours has the signature in it.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._client = httpx.Client(
            timeout=_TIMEOUT,
            headers={"Accept-Encoding": "identity"},
            # The bridge is a neighbour: the way to it is what `--bridge-url` says, no proxy.
            trust_env=False,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def stop(self) -> None:
        """Have :meth:`run` end soon, with `cancelled`; for other threads."""
        self._stopped.set()

    def run(self) -> None:
        """Fetch what is missing; returning means that the file has the SHA-256 it should have.

        Raises:
            StoreAwayError: the bridge does not answer; what was fetched stays, to be resumed.
            FaultError: `image_unreachable`, `unknown_image`, `image_digest` (the file is gone
                then), `disk_full`, `cancelled`.
        """
        retrying = Retrying(
            stop=self._has_failed_too_often,
            wait=wait_random_exponential(multiplier=0.25, max=5.0),
            retry=retry_if_exception_type(_InterruptedError),
            sleep=self._pause,
            reraise=True,
        )
        try:
            with self._path.open("a+b") as file:
                self._take_up(file)
                retrying(self._attempt, file)
        except _InterruptedError as broken:
            raise StoreAwayError(fault(Code.IMAGE_UNREACHABLE, details=str(broken))) from broken
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            raise refuse(Code.DISK_FULL, details=error.strerror) from error
        if self._hash.hexdigest() != self._sha256:
            self._path.unlink()
            raise refuse(Code.IMAGE_DIGEST, details=f"it has {self._hash.hexdigest()}")

    def _take_up(self, file: BinaryIO) -> None:
        """Hash what an earlier download left."""
        file.seek(0)
        while chunk := file.read(_CHUNK):
            self._check_stopped()
            self._hash.update(chunk)
            self.received += len(chunk)
        if self.received > self._size:
            self._start_over(file)

    def _attempt(self, file: BinaryIO) -> None:
        self._check_stopped()
        try:
            if self.received < self._size:
                self._transfer(file)
        except httpx.InvalidURL as error:
            raise refuse(Code.IMAGE_UNREACHABLE, "The image's address is no URL.") from error
        except httpx.TransportError as error:
            raise _InterruptedError(f"{type(error).__name__}: {error}") from error
        finally:
            # Fetching the same bytes once more is no progress.
            self._barren = 0 if self.received - self._furthest >= _CHUNK else self._barren + 1
            self._furthest = max(self._furthest, self.received)

    def _transfer(self, file: BinaryIO) -> None:
        wanted = {"Range": f"bytes={self.received}-"} if self.received else {}
        with self._client.stream("GET", self._url, headers=wanted) as answer:
            self._judge(answer, file)
            for chunk in answer.iter_raw(_PIECE):
                self._pay(len(chunk))
                self._check_stopped()
                if self.received + len(chunk) > self._size:
                    self._start_over(file)
                    raise refuse(Code.IMAGE_DIGEST, "The bridge sent more than the image has.")
                file.write(chunk)
                self._hash.update(chunk)
                self.received += len(chunk)
        if self.received < self._size:
            raise _InterruptedError("the bridge stopped before the image's end")

    def _pay(self, count: int) -> None:
        """Wait until what has come may have come: what is not taken, the bridge does not send."""
        while count and self._allowance and not self._stopped.is_set():
            piece = min(count, self._allowance.portion or count)
            self._allowance.take(piece, self._stopped.wait)
            count -= piece

    def _judge(self, answer: httpx.Response, file: BinaryIO) -> None:
        """Go on only with the bytes that were asked for."""
        match answer.status_code:
            case 206 if self._follows(answer):
                return
            case 200:
                self._start_over(file)
            case 206 | 416:
                self._start_over(file)
                raise _InterruptedError("the bridge does not resume this download")
            case 404:
                raise refuse(Code.UNKNOWN_IMAGE)
            case 401 | 403:
                raise refuse(
                    Code.IMAGE_UNREACHABLE,
                    "The bridge did not accept the signature of the download.",
                    hint="Retry the job: it gets a fresh one.",
                )
            case passing if passing >= httpx.codes.INTERNAL_SERVER_ERROR or passing in _PASSING:
                raise _InterruptedError(f"the bridge answered {passing}")
            case other:
                raise refuse(Code.IMAGE_UNREACHABLE, details=f"the bridge answered {other}")

    def _follows(self, answer: httpx.Response) -> bool:
        told = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        return told is not None and int(told[1]) == self.received

    def _start_over(self, file: BinaryIO) -> None:
        file.truncate(0)
        self._hash = hashlib.sha256()
        self.received = 0

    def _pause(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def _check_stopped(self) -> None:
        if self._stopped.is_set():
            raise refuse(Code.CANCELLED)

    def _has_failed_too_often(self, _state: RetryCallState) -> bool:
        return self._barren >= _BARREN
