"""A bridge's REST interface from outside: one method per request, records in and out.

It knows no terminal, and nothing of what the bridge is made of.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from flashyard.client.answers import (
    Batches,
    BatchMade,
    BatchVerdict,
    Devices,
    Foreseen,
    Hubs,
    Image,
    Images,
    Jobs,
    Log,
    OneBatch,
    OneDevice,
    OneHub,
    OneJob,
    OnePastJob,
    OneStandingOrder,
    Refusal,
    Removed,
    StandingOrders,
    Started,
    StartRequest,
    Verdict,
)
from flashyard.client.introduction import introduction
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.audit import AuditPage, NumberedEntry
from flashyard.contract.batches import Batch
from flashyard.contract.expected import Expected
from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.history import HistoryPage, PastJob
from flashyard.contract.model import Model
from flashyard.contract.records import Hub, Job, LogLine, StoredImage
from flashyard.contract.standing import ListedDevice, StandingOrder
from flashyard.contract.statistics import Statistics
from flashyard.endpoint import Endpoint

# A start waits for a hub's receipt (5 s), and reads for a young bridge's first picture (3 s).
_PATIENCE = httpx.Timeout(30.0, connect=5.0)
# Before the answer it is flushed to disk, and read through where it is compressed.
_UPLOAD_PATIENCE = httpx.Timeout(1800.0, connect=5.0)
_MAX_PAGES = 1_000
_MAX_PAGE = 1_000  # ended jobs, or lines of the audit trail
_HISTORY = "/api/flash/history"
_AUDIT = "/api/audit"
_FILES = {"history": _HISTORY, "audit": _AUDIT}
_STANDING = "/api/standing-orders"

M = TypeVar("M", bound=Model)
P = TypeVar("P", HistoryPage, AuditPage)
R = TypeVar("R")
Verb = Literal["cancel", "pause", "resume"]
Limits: TypeAlias = Mapping[str, int | None]  # by REST's names; a limit that is None is lifted


class Bridge:
    """A bridge, reached over HTTP. Use it as an async context manager.

    Every method raises `FaultError` with the bridge's own refusal, or `UnreachableError`. ``user``:
    whom the bridge is told that we work for.
    """

    def __init__(self, url: str, token: str | None = None, user: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers={**introduction(user), **bearer(token)},
            timeout=_PATIENCE,
            trust_env=uses_proxy(self.url),
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def devices(self) -> tuple[ListedDevice, ...]:
        """List every device the bridge knows, offline ones included."""
        return (await self._ask(Devices, "GET", "/api/devices")).devices

    async def hubs(self) -> tuple[Hub, ...]:
        """List every hub the bridge knows."""
        return (await self._ask(Hubs, "GET", "/api/hubs")).hubs

    async def images(self) -> tuple[StoredImage, ...]:
        """List the images in the store."""
        return (await self._ask(Images, "GET", "/api/images")).images

    async def jobs(
        self, status: str | None = None, device_id: str | None = None, page_size: int = 100
    ) -> tuple[Job, ...]:
        """List jobs, over all pages: `active` ones, or of a status, or `all`."""
        query = {"status": status, "deviceId": device_id, "limit": str(page_size)}
        params = {key: value for key, value in query.items() if value is not None}
        jobs: list[Job] = []
        for _ in range(_MAX_PAGES):
            page = await self._ask(Jobs, "GET", "/api/flash/jobs", params=params)
            jobs += page.jobs
            if page.next_cursor is None:
                break
            params["cursor"] = page.next_cursor
        return tuple(jobs)

    async def job(self, job_id: str) -> Job:
        """Read one job."""
        return (await self._ask(OneJob, "GET", f"/api/flash/job/{job_id}")).job

    async def log(self, job_id: str) -> tuple[LogLine, ...]:
        """Read the last lines of a job's log."""
        return (await self._ask(Log, "GET", f"/api/flash/job/{job_id}/log")).lines

    async def history(
        self, query: Mapping[str, str], limit: int
    ) -> tuple[tuple[PastJob, ...], bool]:
        """List the newest ended jobs, over as many pages as that takes; and is there more?

        Args:
            query: the filters, by REST's names.
            limit: how many at most.
        """
        return await self._newest(HistoryPage, _HISTORY, attrgetter("history"), query, limit)

    async def past(self, job_id: str) -> PastJob:
        """Read all that is on record of an ended job."""
        return (await self._ask(OnePastJob, "GET", f"{_HISTORY}/{job_id}")).job

    async def audit(
        self, query: Mapping[str, str], limit: int
    ) -> tuple[tuple[NumberedEntry, ...], bool]:
        """List the newest lines of the audit trail; as `history`."""
        return await self._newest(AuditPage, _AUDIT, attrgetter("audit"), query, limit)

    async def statistics(self, query: Mapping[str, str], limit: int) -> Statistics:
        """Count ended jobs.

        Args:
            query: the filters, by REST's names.
            limit: how many entries of each list at most, and how many days.
        """
        params = {**query, "limit": str(limit), "days": str(limit)}
        return await self._ask(Statistics, "GET", "/api/flash/stats", params=params)

    @asynccontextmanager
    async def export(
        self, query: Mapping[str, str], of: Literal["history", "audit"] = "history"
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Read all that a query finds as a file, in chunks; it raises where that breaks off."""
        try:
            async with self._http.stream("GET", _FILES[of], params=query) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise self._refusal(answer)
                yield answer.aiter_bytes()
        except httpx.TransportError as error:
            raise UnreachableError(self.url, reason_of(error)) from error

    async def start(self, request: StartRequest) -> Started:
        """Start a job, or queue it where the device is busy."""
        headers = {"content-type": "application/json"}
        return await self._ask(
            Started, "POST", "/api/flash/start", content=request.encode(), headers=headers
        )

    async def expected(self, request: StartRequest) -> Expected | None:
        """Ask what is usual for a start like this; None: nobody can tell."""
        headers = {"content-type": "application/json"}
        asked = {"content": request.encode(), "headers": headers}
        return (await self._ask(Foreseen, "POST", "/api/flash/expected", **asked)).expected

    async def retry(self, job_id: str) -> Started:
        """Start an ended job once more, under a new id."""
        return await self._ask(Started, "POST", f"/api/flash/job/{job_id}/retry")

    async def tell(self, verb: Verb, job_id: str) -> Verdict:
        """Ask for a job to be cancelled, paused or resumed; the verdict is its status now."""
        return await self._ask(Verdict, "POST", f"/api/flash/job/{job_id}/{verb}")

    async def change_job(self, job_id: str, changes: Limits) -> Job:
        """Change a job's `priority` or `bandwidthLimit`."""
        path = f"/api/flash/job/{job_id}"
        return (await self._ask(OneJob, "PATCH", path, json=changes)).job

    async def change_device(
        self, device_id: str, changes: Limits, hub_id: str | None = None
    ) -> ListedDevice:
        """Change a device's `bandwidthLimit`."""
        path, params = f"/api/devices/{device_id}", _at(hub_id)
        return (await self._ask(OneDevice, "PATCH", path, json=changes, params=params)).device

    async def change_hub(self, hub_id: str, changes: Limits) -> Hub:
        """Change a hub's `maxParallel`, `bandwidthLimit` or `downloadLimit`."""
        return (await self._ask(OneHub, "PATCH", f"/api/hubs/{hub_id}", json=changes)).hub

    async def release(self, device_id: str, hub_id: str | None = None) -> ListedDevice:
        """Have a device taken out of quarantine."""
        path = f"/api/devices/{device_id}/release"
        return (await self._ask(OneDevice, "POST", path, params=_at(hub_id))).device

    async def start_batch(self, wish: Mapping[str, Any]) -> BatchMade:
        """Flash the same to many devices, of REST's fields."""
        return await self._ask(BatchMade, "POST", "/api/flash/batch", json=wish)

    async def batches(self, status: str = "all") -> tuple[Batch, ...]:
        """List the newest batches without their devices: `all`, `active`, or of a status."""
        params = {"status": status, "limit": "200"}
        return (await self._ask(Batches, "GET", "/api/flash/batches", params=params)).batches

    async def batch(self, batch_id: str) -> Batch:
        """Read one batch with its devices."""
        return (await self._ask(OneBatch, "GET", f"/api/flash/batch/{batch_id}")).batch

    async def tell_batch(self, verb: Verb, batch_id: str) -> BatchVerdict:
        """Ask for a batch to be cancelled, paused or resumed; the verdict is its status now."""
        return await self._ask(BatchVerdict, "POST", f"/api/flash/batch/{batch_id}/{verb}")

    async def standing_orders(self) -> tuple[StandingOrder, ...]:
        """List the standing orders, the oldest first."""
        return (await self._ask(StandingOrders, "GET", _STANDING)).standing_orders

    async def add_standing_order(self, wish: Mapping[str, Any]) -> StandingOrder:
        """Make one, of REST's fields."""
        return (await self._ask(OneStandingOrder, "POST", _STANDING, json=wish)).standing_order

    async def change_standing_order(self, order_id: str, wish: Mapping[str, Any]) -> StandingOrder:
        """Change some fields of one."""
        path = f"{_STANDING}/{order_id}"
        return (await self._ask(OneStandingOrder, "PATCH", path, json=wish)).standing_order

    async def remove_standing_order(self, order_id: str) -> None:
        """Remove one."""
        await self._ask(Removed, "DELETE", f"{_STANDING}/{order_id}")

    async def has_image(self, sha256: str) -> bool:
        """Is an image of this digest in the store?"""
        answer = await self._send("HEAD", f"/api/images/{sha256}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        if answer.is_success:
            return True
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise refuse(Code.NOT_ALLOWED)
        raise self._foreign(answer)

    async def upload(
        self, name: str, size: int, content: AsyncIterable[bytes], *, unpack: bool = True
    ) -> StoredImage:
        """Store an image of ``size`` bytes under a name for people.

        With ``unpack`` False a compressed one goes to devices as it is.
        """
        return (
            await self._ask(
                Image,
                "POST",
                "/api/images",
                params={"name": name} if unpack else {"name": name, "unpack": "false"},
                content=content,
                headers={"content-type": "application/octet-stream", "content-length": str(size)},
                timeout=_UPLOAD_PATIENCE,
            )
        ).image

    async def _newest(
        self,
        shape: type[P],
        path: str,
        records_of: Callable[[P], Sequence[R]],
        query: Mapping[str, str],
        limit: int,
    ) -> tuple[tuple[R, ...], bool]:
        """Read pages, the newest first, until there are so many; and is there more?"""
        params = dict(query)
        found: list[R] = []
        while True:
            params["limit"] = str(min(limit - len(found), _MAX_PAGE))
            page = await self._ask(shape, "GET", path, params=params)
            found += records_of(page)
            if page.next_cursor is None or len(found) >= limit:
                return tuple(found), page.next_cursor is not None
            params["cursor"] = page.next_cursor

    async def _ask(self, shape: type[M], method: str, path: str, **request: Any) -> M:
        answer = await self._send(method, path, **request)
        if not answer.is_success:
            raise self._refusal(answer)
        try:
            return shape.decode(answer.content)
        except ValidationError as error:
            raise self._foreign(answer) from error

    async def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise UnreachableError(self.url, reason_of(error)) from error

    def _refusal(self, answer: httpx.Response) -> Exception:
        try:
            return FaultError(Refusal.decode(answer.content).fault())
        except ValidationError:
            return self._foreign(answer)

    def _foreign(self, answer: httpx.Response) -> UnreachableError:
        return UnreachableError(
            self.url, f"answers {answer.status_code} to {answer.request.url.path} as no bridge does"
        )


def _at(hub_id: str | None) -> Mapping[str, str]:
    return {} if hub_id is None else {"hubId": hub_id}


def bearer(token: str | None) -> Mapping[str, str]:
    """Make the header that lets us in."""
    return {} if token is None else {"authorization": f"Bearer {token}"}


def uses_proxy(url: str) -> bool:
    """Heed the environment's proxies? Never on the way to this very machine."""
    parts = urlsplit(url)
    return not Endpoint(parts.hostname or "", parts.port or 0).is_loopback


def reason_of(error: httpx.TransportError) -> str:
    """Tell people why it cannot be reached."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "does not answer"
    if isinstance(error, httpx.TimeoutException):
        return "did not answer in time"
    verb = "cannot be reached" if isinstance(error, httpx.ConnectError) else "broke off"
    cause: BaseException | None = error
    while cause is not None and not (isinstance(cause, OSError) and cause.errno):
        cause = cause.__cause__ or cause.__context__
    if not isinstance(cause, OSError) or cause.errno is None:
        return verb
    # Name resolution has negative numbers and words of its own.
    return f"{verb}: {os.strerror(cause.errno) if cause.errno > 0 else cause.strerror}"
