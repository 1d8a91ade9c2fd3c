"""The way back of a job that fails: planned before it starts, gone at most once."""

from __future__ import annotations

from typing import Literal, TypeAlias

from flashyard.contract.model import Model, Sentence, Sha256

RollbackKind: TypeAlias = Literal["slot", "last-good"]
Outcome: TypeAlias = Literal["planned", "not_needed", "rolled_back", "failed", "not_possible"]
"""What became of a plan.

``planned``: it is not known yet. ``not_needed``: the job completed, or ended before it had changed
what the device starts from. ``rolled_back``: the device said that it is as the plan wants it.
``failed``: that was tried, once, and did not come to its end. ``not_possible``: the device was not
there to try it on.
"""


class Rollback(Model):
    """A job's plan and what became of it. ``plan``: what would be done, for people.

    ``kept``: of `last-good`, the SHA-256 under which a bridge keeps what would be written.
    """

    kind: RollbackKind
    outcome: Outcome = "planned"
    plan: Sentence | None = None
    kept: Sha256 | None = None
