"""How far a run has come: what is kept of it on disk, so that another one can go on from there."""

from __future__ import annotations

from pydantic import Field

from flashyard.contract.model import ByteCount, Count, Model, Name
from flashyard.contract.phases import CANCELLABLE, Phase


class Mark(Model):
    """A safe point. What comes after it may be done again without harm; what is before it holds.

    Attributes:
        phase: the one that was entered last, or is about to be.
        done: the steps that are over.
        parts: of the step after those, the parts the device has written.
        bytes: content taken, by step.
        part_size, limit: what those parts were cut to: the most bytes of one, and the most the
            device takes at once.
        met: has the device said who it is? ``serial``, ``product``, ``slot`` (the active one) and
            ``mode`` are its words.
        tried: how often the link to the device broke, and the run went on.
        left: what the run has left on the device, by thing; see :class:`Aftermath`.
    """

    phase: Phase = Phase.PREPARING
    done: Count = 0
    parts: Count = 0
    bytes: tuple[ByteCount, ...]
    part_size: ByteCount | None = None
    limit: ByteCount | None = None
    met: bool = False
    mode: Name | None = None
    serial: Name | None = None
    product: Name | None = None
    slot: Name | None = None
    tried: Count = 0
    left: dict[str, str] = Field(default_factory=dict)

    @property
    def can_be_taken_up(self) -> bool:
        """Is all that was begun by then of the kind that can be gone on with?"""
        return self.phase in CANCELLABLE
