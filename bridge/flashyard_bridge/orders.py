"""From an order to the hub's word on it: publish, wait for the answer, note what was agreed.

Contract 4. Knows no HTTP; what an order is for is decided by whoever makes it.
"""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from flashyard.contract.faults import Code, Fault, fault, refuse
from flashyard.contract.orders import (
    Answer,
    CancelOrder,
    ImageOrder,
    JobOrder,
    LimitsOrder,
    Order,
    PauseOrder,
    Receipt,
    ReleaseOrder,
    ResumeOrder,
    StartOrder,
)
from flashyard.contract.phases import FINAL_STATUS
from flashyard.contract.records import Hub
from flashyard.contract.topics import MAX_PAYLOAD, Kind, build
from flashyard.link import Link
from flashyard_bridge.errors import RequestError
from flashyard_bridge.picture.fleet import Fleet
from flashyard_bridge.withdrawals import Withdrawals

ANSWER_DEADLINE = 5.0  # s, contract 2
MAX_OUTSTANDING = 1_000
_ALPHABET = string.digits + string.ascii_lowercase

OfJob = StartOrder | CancelOrder | PauseOrder | ResumeOrder | ImageOrder
OfHub = LimitsOrder | ReleaseOrder
Asked = OfJob | OfHub
_O = TypeVar("_O", bound=Order)


def mint_job_id(now: int) -> str:
    """Make a job's id from the time in Unix ms and 41 random bits."""
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"job_{now // 1000:010d}_{tail}"


def mint_order_id() -> str:
    """Make an order's id."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class _Outstanding:
    hub_id: str
    order: Asked
    answer: asyncio.Future[Answer | Fault]
    is_kept: bool


class Orders:
    """The orders that wait for their answer.

    Args:
        link: to the broker; intake hands its answers to `answered`, its loss to `link_down`.
        fleet: is told what the hubs agreed to.
        now: the bridge's clock, Unix ms.
        deadline: seconds in which a hub answers.
    """

    def __init__(
        self,
        link: Link,
        fleet: Fleet,
        now: Callable[[], int],
        *,
        deadline: float = ANSWER_DEADLINE,
    ) -> None:
        self._link = link
        self._fleet = fleet
        self._now = now
        self._deadline = deadline
        self._outstanding: dict[str, _Outstanding] = {}
        self._withdrawals = Withdrawals(fleet, self._withdraw, MAX_OUTSTANDING)

    async def start(self, hub_id: str, order: StartOrder, *, is_kept: bool = False) -> Receipt:
        """Have a job started; a repeated idempotency key gets the earlier job's receipt.

        Args:
            hub_id: whose device it is for.
            order: what is to be done.
            is_kept: the caller remembers the job and asks for it again, so that one whose receipt
                does not come is not cancelled.

        Raises:
            FaultError: the hub's refusal, `hub_no_answer`, `broker_unreachable`, `rate_limited`,
                `payload_too_large`: no hub would take so long an order.
        """
        if (size := len(order.encode())) > MAX_PAYLOAD:
            raise refuse(
                Code.PAYLOAD_TOO_LARGE,
                "The job has more to it than an order holds.",
                hint="Start it as several jobs, or give its images shorter names.",
                details=f"{size} bytes, of {MAX_PAYLOAD}",
            )
        try:
            receipt = await self._ask(hub_id, order, is_kept=is_kept)
            assert isinstance(receipt, Receipt)  # noqa: S101 - no other answers an order for a job
        except TimeoutError:
            if not is_kept:
                # It may be on its way still, and nobody waits for it any more.
                self._withdrawals.add(hub_id, order.job_id)
            why = fault(Code.HUB_NO_ANSWER, f"The hub {hub_id} did not answer in time.")
            raise RequestError(why, job_id=order.job_id) from None
        self._withdrawals.drop(receipt.job_id)
        if receipt.job_id == order.job_id and receipt.status not in FINAL_STATUS:
            self._fleet.accepted(order, hub_id, receipt)
        return receipt

    @overload
    async def ask(self, hub_id: str, order: OfJob) -> Receipt: ...
    @overload
    async def ask(self, hub_id: str, order: OfHub) -> Answer: ...
    async def ask(self, hub_id: str, order: Asked) -> Answer:
        """Have anything else done; a receipt has the job's status as it is now.

        Raises:
            FaultError: the hub's refusal, `hub_no_answer`, `broker_unreachable`, `rate_limited`.
        """
        try:
            answer = await self._ask(hub_id, order)
        except TimeoutError:
            why = fault(
                Code.HUB_NO_ANSWER,
                f"The hub {hub_id} did not answer in time.",
                hint="Check the hub; it may have done it or not.",
            )
            raise RequestError(why, job_id=_job_of(order)) from None
        self._agree(hub_id, order, answer)
        return answer

    def answered(self, hub_id: str, answer: Answer) -> None:
        """Take a hub's answer; one that nobody waits for is of no interest any more."""
        waiting = self._outstanding.get(answer.order_id)
        if waiting is None:
            self._withdrawals.answered(hub_id, answer)
        if waiting is None or waiting.hub_id != hub_id or waiting.answer.done():
            return
        if isinstance(waiting.order, JobOrder) and not isinstance(answer, Receipt):
            return  # it does not say what became of the job
        waiting.answer.set_result(answer)

    def hub_heard(self, hub: Hub) -> None:
        """A hub has said of itself that it is there, or that it is not, just now."""
        self._withdrawals.hub_heard(hub)

    def link_down(self) -> None:
        """The link is lost: no answer can be relied on, so nobody is left to wait for one."""
        for waiting in self._outstanding.values():
            if not waiting.answer.done():
                if isinstance(waiting.order, StartOrder) and not waiting.is_kept:
                    self._withdrawals.add(waiting.hub_id, waiting.order.job_id)
                waiting.answer.set_result(
                    fault(
                        Code.BROKER_UNREACHABLE,
                        "The MQTT broker was lost before the hub answered; what it may have begun"
                        " is cancelled once the broker is back.",
                    )
                )
        self._withdrawals.link_down()

    def need(self, sha256: str) -> bool:
        """Does an order that is under way need this image?"""
        orders = (waiting.order for waiting in self._outstanding.values())
        return any(isinstance(order, StartOrder) and order.needs(sha256) for order in orders)

    def _agree(self, hub_id: str, order: Asked, answer: Answer) -> None:
        """Note what the hub has said that it will do, or has done."""
        match order:
            case CancelOrder() | PauseOrder() | ResumeOrder() if isinstance(answer, Receipt):
                self._fleet.requested(order.job_id, order.kind, answer.status)
            case LimitsOrder():
                self._fleet.limited(hub_id, order)
            case ReleaseOrder():
                self._fleet.released(hub_id, order.device_id)

    async def _ask(self, hub_id: str, order: Asked, *, is_kept: bool = False) -> Answer:
        if len(self._outstanding) >= MAX_OUTSTANDING:
            raise refuse(Code.RATE_LIMITED, "Too many orders wait for their hub's answer.")
        answer: asyncio.Future[Answer | Fault] = asyncio.get_running_loop().create_future()
        self._outstanding[order.order_id] = _Outstanding(hub_id, order, answer, is_kept)
        try:
            if not self._send(hub_id, order):
                raise refuse(Code.BROKER_UNREACHABLE, details=self._link.down_reason)
            async with asyncio.timeout(self._deadline):
                heard = await answer
        finally:
            del self._outstanding[order.order_id]
        if isinstance(heard, Fault):
            raise RequestError(heard, job_id=_job_of(order))
        if not heard.accepted:
            raise RequestError(_refusal(heard))
        return heard

    def _withdraw(self, hub_id: str, job_id: str, session: str) -> str | None:
        """Have a start be as if it had never been, wherever it got to."""
        cancel = cancel_order(job_id, session, self._now()).with_(withdrawn=True)
        return cancel.order_id if self._send(hub_id, cancel) else None

    def _send(self, hub_id: str, order: Asked) -> bool:
        return self._link.publish(build(Kind.ORDER, hub_id), order.encode(), qos=1)


def order_for(hub: Hub, now: int, kind: type[_O], **fields: Any) -> _O:
    """Make an order for a hub as it runs now, at Unix ms."""
    return kind(order_id=mint_order_id(), session=hub.session, issued_at=now, **fields)


def cancel_order(job_id: str, session: str, now: int) -> CancelOrder:
    """Make the order to cancel a job, for a hub's session, at Unix ms."""
    return CancelOrder(order_id=mint_order_id(), job_id=job_id, session=session, issued_at=now)


def _job_of(order: Asked) -> str | None:
    return None if isinstance(order, ReleaseOrder) else order.job_id


def _refusal(answer: Answer) -> Fault:
    return fault(
        answer.code or Code.ILLEGAL_STATE,
        answer.error,
        hint=answer.hint,
        details=answer.details,
    )
