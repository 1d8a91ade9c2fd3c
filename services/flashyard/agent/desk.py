"""Where orders are judged: each gets one receipt, however often it comes, and is obeyed once.

It knows neither topics nor what obeying takes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from pydantic import ValidationError

from flashyard.agent.bounded import Bounded
from flashyard.agent.claims import Claims
from flashyard.agent.clock import Clock
from flashyard.agent.device import DeviceAgent
from flashyard.agent.idempotency import Keys
from flashyard.agent.limiting import Limiting
from flashyard.agent.story import Story
from flashyard.contract.faults import Code, Fault, FaultError, fault, refuse
from flashyard.contract.model import JobId, Model, Token
from flashyard.contract.orders import (
    Answer,
    AnyOrder,
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
    decode_order,
)
from flashyard.contract.phases import Status

_log = logging.getLogger(__name__)

_KEPT_RECEIPTS = 1_000
_TOMBSTONES = 1_000
_BUILT = frozenset({"start", "cancel", "pause", "resume", "image", "limits", "release"})
_LONGEST = 1_000  # characters of a receipt's details


class _Envelope(Model):
    """What must be readable of an order to answer it at all."""

    order_id: Token
    job_id: JobId | None = None
    kind: str = ""


class Desk:
    """Takes orders for a hub's devices.

    Args:
        agents: by device id.
        ended: the jobs that are over, by job id.
        session: of this run of the hub: orders for another are refused.
        clock: by which an order is stale.
        keys: the idempotency keys that were used.
        claims: who wants the jobs that were asked for again under them.
        trouble: why nothing can be written down now, if that is so.
        limiting: changes what jobs, devices and the hub are held to.
        take_on: has a device be among the agents' that has jobs of an earlier run and was not seen
            yet, by its id or a job's; raises FaultError `stale_order`: not in this run any more.
    """

    def __init__(
        self,
        agents: Mapping[str, DeviceAgent],
        ended: Bounded[str, Status],
        session: str,
        clock: Clock,
        *,
        keys: Keys,
        claims: Claims,
        trouble: Callable[[], Fault | None],
        limiting: Limiting,
        take_on: Callable[[str], None],
    ) -> None:
        self._agents = agents
        self._ended = ended
        self._session = session
        self._clock = clock
        self._keys = keys
        self._claims = claims
        self._trouble = trouble
        self._limiting = limiting
        self._take_on = take_on
        self._receipts: Bounded[str, Answer] = Bounded(_KEPT_RECEIPTS)
        self._tombstones: Bounded[str, None] = Bounded(_TOMBSTONES)

    def take(self, payload: bytes) -> Answer | None:
        """Judge an order, obey it if it is to be obeyed, and return the receipt to send.

        None: it cannot be read far enough to be answered.
        """
        try:
            order = decode_order(payload)
        except ValueError as error:
            return self._answer_unreadable(payload, error)
        return self._receipts.get(order.order_id) or self._judge(order)

    def knows(self, job_id: str) -> bool:
        """Is it a job of this run, or one whose end is known?"""
        return self._status(job_id) is not None

    def _judge(self, order: AnyOrder) -> Answer:
        try:
            if order.session != self._session:
                raise refuse(Code.STALE_ORDER, "The order was meant for an earlier run of the hub.")
            if order.is_stale(self._clock.bridge_now()):
                raise refuse(Code.STALE_ORDER)
            receipt = self._obey(order)
        except FaultError as error:
            job_id = order.job_id if isinstance(order, JobOrder | LimitsOrder) else None
            _log.info("an order to %s %s is refused: %s", order.kind, job_id or "", error)
            receipt = self._refusal(order.order_id, job_id, error.fault)
        self._receipts[order.order_id] = receipt
        return receipt

    def _obey(self, order: AnyOrder) -> Answer:
        if not isinstance(order, StartOrder | CancelOrder):
            self._check_journal()
        match order:
            case StartOrder():
                return self._start(order)
            case CancelOrder():
                return self._cancel(order)
            case PauseOrder() | ResumeOrder():
                agent, story = self._running(order.job_id)
                docket = agent.docket
                (docket.pause if isinstance(order, PauseOrder) else docket.resume)(story)
                return self._acceptance(order, order.job_id)
            case ImageOrder():
                return self._renew(order)
            case LimitsOrder():
                return self._limit(order)
            case ReleaseOrder():
                return self._release(order)
            case _:
                raise refuse(Code.NOT_SUPPORTED, f"The hub cannot {order.kind} jobs yet.")

    def _start(self, order: StartOrder) -> Receipt:
        if order.job_id in self._tombstones:
            raise refuse(Code.CANCELLED, "The job was cancelled before its start arrived.")
        agent = self._agent(order.device_id)
        earlier = order.job_id if self._status(order.job_id) else self._keys.first(order)
        if earlier is not None:
            if earlier != order.job_id:
                self._check_journal()
                self._claims.repeat(earlier, order.job_id)
            return self._acceptance(order, earlier)
        self._check_journal()
        agent.start(order)
        self._keys.use(order)
        return self._acceptance(order, order.job_id)

    def _cancel(self, order: CancelOrder) -> Receipt:
        job_id = self._claims.take_back(order.job_id) if order.withdrawn else order.job_id
        if job_id is None:
            raise refuse(Code.ILLEGAL_STATE, "The job was asked for again, and is wanted.")
        if job_id in self._ended:
            raise refuse(Code.ALREADY_FINAL)
        self._take_on(job_id)
        agent, story = self._find(job_id)
        if agent is None or story is None:
            self._tombstones[job_id] = None
            raise refuse(Code.UNKNOWN_JOB)
        # Before the cancel, so that the journal never has one that is cancelled and stands for it.
        is_freed = order.withdrawn and self._keys.free(story.order)
        try:
            agent.docket.cancel(story)
        except FaultError:
            if is_freed:  # it comes to an end of its own, which whoever asks again is to hear
                self._keys.use(story.order)
            raise
        return self._acceptance(order, job_id)

    def _check_journal(self) -> None:
        """Refuse what would only pile up: it could be neither written down nor answered now."""
        if (trouble := self._trouble()) is not None:
            raise FaultError(trouble)

    def _agent(self, device_id: str) -> DeviceAgent:
        self._take_on(device_id)
        agent = self._agents.get(device_id)
        if agent is None:
            raise refuse(Code.UNKNOWN_DEVICE)
        return agent

    def _running(self, job_id: str) -> tuple[DeviceAgent, Story]:
        self._take_on(job_id)
        agent, story = self._find(job_id)
        if agent is None or story is None:
            raise refuse(Code.ALREADY_FINAL if job_id in self._ended else Code.UNKNOWN_JOB)
        return agent, story

    def _renew(self, order: ImageOrder) -> Receipt:
        _, story = self._running(order.job_id)
        if not story.order.needs(order.sha256):
            raise refuse(Code.INVALID_REQUEST, "The job is for another image.")
        story.renew(order.sha256, order.query)
        return self._acceptance(order, order.job_id)

    def _limit(self, order: LimitsOrder) -> Answer:
        if order.job_id is not None:
            self._limiting.job(order, *self._running(order.job_id))
            return self._acceptance(order, order.job_id)
        if order.device_id is None:
            self._limiting.hub(order)
        else:
            self._limiting.device(order, self._agent(order.device_id))
        return Answer(order_id=order.order_id, accepted=True)

    def _release(self, order: ReleaseOrder) -> Answer:
        self._agent(order.device_id).release()
        return Answer(order_id=order.order_id, accepted=True)

    def _find(self, job_id: str) -> tuple[DeviceAgent | None, Story | None]:
        for agent in self._agents.values():
            if story := agent.docket.find(job_id):
                return agent, story
        return None, None

    def _status(self, job_id: str) -> Status | None:
        _, story = self._find(job_id)
        return story.job.status if story else self._ended.get(job_id)

    def _acceptance(self, order: Order, job_id: str) -> Receipt:
        _, story = self._find(job_id)
        return Receipt(
            order_id=order.order_id,
            accepted=True,
            job_id=job_id,
            status=self._status(job_id) or Status.FAILED,
            position=story.job.position if story else None,
        )

    def _refusal(self, order_id: str, job_id: str | None, why: Fault) -> Answer:
        answer = Answer(
            order_id=order_id,
            accepted=False,
            code=why.code,
            error=why.sentence,
            hint=why.hint,
            details=why.details and why.details[:_LONGEST],
        )
        if job_id is None:
            return answer
        return Receipt(**dict(answer), job_id=job_id, status=self._status(job_id) or Status.FAILED)

    def _answer_unreadable(self, payload: bytes, error: ValueError) -> Answer | None:
        words = _words(error)
        try:
            envelope = _Envelope.decode(payload)
        except ValueError:
            _log.warning("an order cannot be read and is ignored: %s", words)
            return None
        _log.warning("an order for %s is not valid: %s", envelope.job_id, words)
        if known := self._receipts.get(envelope.order_id):
            return known
        if envelope.kind in _BUILT:
            why = fault(Code.INVALID_REQUEST, "The order is not valid.", details=words)
        else:
            why = fault(Code.NOT_SUPPORTED, "The hub does not know this kind of order.")
        receipt = self._refusal(envelope.order_id, envelope.job_id, why)
        self._receipts[envelope.order_id] = receipt
        return receipt


def _words(error: ValueError) -> str:
    """Say which fields are bad, and not what is in them: a query is a credential."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
        for each in error.errors(include_input=False, include_url=False, include_context=False)
    )
