"""Who still wants a job: it may be asked for several times, and taken back as often.

Each time a start is repeated under its key it comes with another job id, and stands for the first
job. Whoever was not answered takes back what it asked for; the job goes once nobody wants it.
"""

from __future__ import annotations

from flashyard.agent.bounded import Bounded


class Claims:
    """The jobs that were asked for more than once, the last ``size`` of them."""

    def __init__(self, size: int) -> None:
        self._meant: Bounded[str, str] = Bounded(size)
        self._wanted_as: Bounded[str, set[str]] = Bounded(size)

    def repeat(self, job_id: str, again: str) -> None:
        """Note that a start with the id ``again`` was answered with this job."""
        self._meant[again] = job_id
        self._wanted_as[job_id] = {*(self._wanted_as.get(job_id) or {job_id}), again}

    def take_back(self, asked_as: str) -> str | None:
        """Take back a start; return the job that nobody wants any more, None: somebody does."""
        job_id = self._meant.get(asked_as) or asked_as
        wanted = (self._wanted_as.get(job_id) or {job_id}) - {asked_as}
        if wanted:
            self._wanted_as[job_id] = wanted
            return None
        return job_id
