"""What is usual: how long jobs of a kind took before, phase by phase. Never a promise."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from flashyard.contract.model import Count, Model, Partition
from flashyard.contract.phases import Phase

Ground: TypeAlias = Literal["image", "product", "port"]


class ExpectedPhase(Model):
    """A phase and how long it usually takes; ``partition``: the step's, where it is of one."""

    phase: Phase
    partition: Partition | None = None
    duration_ms: Count


class Expected(Model):
    """How long a job usually takes, by the last ``samples`` like it that were completed.

    ``basis``: what they have in common with it; without ``image`` they wrote another one, and their
    times are scaled to its bytes. ``duration_ms``: its phases together, as medians; waiting for a
    turn and pauses are no part of it. ``remaining_ms``: what of that is still ahead of a job that
    has begun. ``phases``: empty in lists.
    """

    duration_ms: Count
    remaining_ms: Count | None = None
    samples: Annotated[int, Field(ge=1)]
    basis: tuple[Ground, ...]
    phases: tuple[ExpectedPhase, ...] = ()
