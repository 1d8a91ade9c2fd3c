"""Idempotency keys: a start that is repeated under its key is answered with the first one's job.

In memory, as the jobs are; a device is a key's scope, a day its life (contract section 2).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import NamedTuple

from flashyard.agent.bounded import Bounded
from flashyard.contract.faults import Code, refuse
from flashyard.contract.orders import StartOrder

LIFE_S = 24 * 3600
_REMEMBERED = 10_000


class _Use(NamedTuple):
    job_id: str
    body: Hashable
    at: float


class Keys:
    """The keys used in the last 24 hours, the newest ten thousand of them."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._uses: Bounded[tuple[str, str], _Use] = Bounded(_REMEMBERED)

    def first(self, order: StartOrder) -> str | None:
        """Return the job this key already stands for, if any.

        Raises:
            FaultError: `idempotency_conflict`: it stands for another request.
        """
        if order.idempotency_key is None:
            return None
        use = self._uses.get((order.device_id, order.idempotency_key))
        if use is None or self._monotonic() - use.at > LIFE_S:
            return None
        if use.body != _body(order):
            raise refuse(Code.IDEMPOTENCY_CONFLICT)
        return use.job_id

    def use(self, order: StartOrder) -> None:
        """Note that an accepted start used its key."""
        if order.idempotency_key is not None:
            use = _Use(order.job_id, _body(order), self._monotonic())
            self._uses[order.device_id, order.idempotency_key] = use


def _body(order: StartOrder) -> Hashable:
    """What was asked for, without what differs each time it is asked."""
    return (
        order.partition,
        order.total_bytes,
        tuple(step.image.sha256 for step in order.imaged),
        order.options.encode(),
        order.priority,
        order.device_name,
        order.retry_of,
    )
