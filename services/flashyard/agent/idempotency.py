"""Idempotency keys: a start that is repeated under its key is answered with the first one's job.

A device is a key's scope, a day its life (contract section 2), whoever sets which clock meanwhile;
only over a restart of the hub, for which the journal keeps them, the clock on the wall has to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from flashyard.agent.bounded import Bounded
from flashyard.agent.journal.ledger import KEPT_KEYS, KeptJob, KeptKey
from flashyard.contract.faults import Code, refuse
from flashyard.contract.orders import StartOrder
from flashyard.elapsed import since_boot

LIFE_MS = 24 * 3600 * 1000


class Keys:
    """The keys used in the last 24 hours, the newest ten thousand of them.

    Args:
        now: Unix ms.
        keep: writes one down.
        forget: has a job's key be forgotten, wherever it is written.
        elapsed: seconds that go by.
    """

    def __init__(
        self,
        now: Callable[[], int],
        keep: Callable[[KeptKey], object],
        forget: Callable[[str], object],
        elapsed: Callable[[], float] = since_boot,
    ) -> None:
        self._now = now
        self._keep = keep
        self._forget = forget
        self._elapsed = elapsed
        # With each, when it ends to count, by ``elapsed``.
        self._uses: Bounded[tuple[str, str], tuple[KeptKey, float]] = Bounded(KEPT_KEYS)

    def restore(self, kept: Iterable[KeptKey], jobs: Iterable[KeptJob] = ()) -> None:
        """Take those that an earlier run wrote down, oldest first.

        A job is written before its key: where the hub was killed in between, the order has it. Of
        a job that is to be cancelled it may have been freed.
        """
        kept = list(kept)
        known = {used.job_id for used in kept}
        unkept = (
            KeptKey(order.device_id, order.idempotency_key, order.job_id, _body(order), at)
            for order, at in (
                (each.order, each.job.queued_at) for each in jobs if each.job.requested != "cancel"
            )
            if order.idempotency_key is not None and order.job_id not in known
        )
        for used in sorted([*kept, *unkept], key=lambda used: used.at):
            self._remember(used, max(self._now() - used.at, 0))

    def first(self, order: StartOrder) -> str | None:
        """Return the job this key already stands for, if any.

        Raises:
            FaultError: `idempotency_conflict`: it stands for another request.
        """
        if order.idempotency_key is None:
            return None
        use, until = self._uses.get((order.device_id, order.idempotency_key)) or (None, 0.0)
        if use is None or self._elapsed() > until:
            return None
        if use.body != _body(order):
            raise refuse(Code.IDEMPOTENCY_CONFLICT)
        return use.job_id

    def use(self, order: StartOrder) -> None:
        """Note that an accepted start used its key."""
        key = order.idempotency_key
        if key is not None:
            use = KeptKey(order.device_id, key, order.job_id, _body(order), self._now())
            self._remember(use, 0)
            self._keep(use)

    def free(self, order: StartOrder) -> bool:
        """Let an accepted start's key be used again, as it was withdrawn; did it have one?"""
        place = (order.device_id, order.idempotency_key or "")
        use, _ = self._uses.get(place) or (None, 0.0)
        if use is None or use.job_id != order.job_id:
            return False
        self._uses.pop(place)
        self._forget(order.job_id)
        return True

    def _remember(self, use: KeptKey, age_ms: int) -> None:
        until = self._elapsed() + (LIFE_MS - age_ms) / 1000
        self._uses[use.device_id, use.key] = (use, until)


def _body(order: StartOrder) -> str:
    """Digest what was asked for, without what differs each time it is asked."""
    asked = (
        order.partition,
        order.total_bytes,
        # What was good by the time is not part of what was asked.
        [(step.partition, step.image.sha256) for step in order.imaged],
        order.options.encode(),
        order.priority,
        order.bandwidth_limit,
        order.not_before,
        order.wait_for_device,
        order.device_name,
        order.retry_of,
    )
    return hashlib.sha256(repr(asked).encode()).hexdigest()
