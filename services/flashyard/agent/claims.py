"""Who still wants a job: it may be asked for several times, and taken back as often.

Each time a start is repeated under its key it comes with another job id, and stands for the first
job. Whoever was not answered takes back what it asked for; the job goes once nobody wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flashyard.agent.bounded import Bounded
from flashyard.agent.journal.ledger import KEPT_CLAIMS, KeptClaim


class Claims:
    """The starts that came again, and those taken back of whose job others want it; the newest.

    Args:
        keep: writes one down.
        size: how many.
    """

    def __init__(self, keep: Callable[[KeptClaim], object], size: int = KEPT_CLAIMS) -> None:
        self._keep = keep
        self._claims: Bounded[str, KeptClaim] = Bounded(size)

    def restore(self, kept: Iterable[KeptClaim]) -> None:
        """Take those that an earlier run wrote down, oldest first."""
        for claim in kept:
            self._claims[claim.asked_as] = claim

    def repeat(self, job_id: str, again: str) -> None:
        """Note that a start with the id ``again`` was answered with this job."""
        self._note(KeptClaim(again, job_id, is_wanted=True))

    def take_back(self, asked_as: str) -> str | None:
        """Take back a start; return the job that nobody wants any more, None: somebody does."""
        claim = self._claims.get(asked_as)
        job_id = claim.job_id if claim else asked_as
        # The first start wants its job unless it is noted that it was taken back.
        if (asked_as == job_id or job_id in self._claims) and not self._wants(job_id, asked_as):
            return job_id
        self._note(KeptClaim(asked_as, job_id, is_wanted=False))
        return None

    def _wants(self, job_id: str, but: str) -> bool:
        """Is there one that came again for a job, wants it, and is not this one?"""
        return any(
            each.is_wanted and each.job_id == job_id and each.asked_as != but
            for each in self._claims.values()
        )

    def _note(self, claim: KeptClaim) -> None:
        self._claims[claim.asked_as] = claim
        self._keep(claim)
