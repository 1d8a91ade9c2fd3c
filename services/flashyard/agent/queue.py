"""The jobs that wait for one device: first in, first out, but for those on hold. Bounded."""

from __future__ import annotations

from collections.abc import Iterator

from flashyard.agent.story import Story
from flashyard.contract.faults import Code, refuse
from flashyard.contract.limits import MAX_QUEUE
from flashyard.contract.phases import Status


class Queue:
    """At most 50 waiting jobs, each of which knows its position."""

    def __init__(self) -> None:
        self._stories: list[Story] = []

    def __len__(self) -> int:
        return len(self._stories)

    def __iter__(self) -> Iterator[Story]:
        return iter(tuple(self._stories))

    def check_room(self) -> None:
        """See whether one more may wait.

        Raises:
            FaultError: `queue_full`.
        """
        if len(self._stories) >= MAX_QUEUE:
            raise refuse(Code.QUEUE_FULL)

    def join(self, story: Story) -> int:
        """Add a job at the end; return its position, which counts from 1."""
        self._stories.append(story)
        return len(self._stories)

    def next(self) -> Story | None:
        """Return the first job that is not held."""
        return next((s for s in self._stories if s.job.status is Status.QUEUED), None)

    def leave(self, story: Story) -> None:
        """Remove a job, wherever it stands, if it does; the others move up."""
        if story not in self._stories:
            return
        self._stories.remove(story)
        for position, waiting in enumerate(self._stories, 1):
            waiting.moved_up(position)
