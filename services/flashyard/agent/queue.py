"""The jobs that wait for one device: first in, first out, bounded, in memory."""

from __future__ import annotations

from collections.abc import Iterator

from flashyard.agent.story import Story
from flashyard.contract.faults import Code, refuse
from flashyard.contract.limits import MAX_QUEUE


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

    def first(self) -> Story | None:
        """Return the job whose turn is next."""
        return self._stories[0] if self._stories else None

    def leave(self, story: Story) -> None:
        """Remove a job, wherever it stands; the others move up."""
        self._stories.remove(story)
        for position, waiting in enumerate(self._stories, 1):
            waiting.moved_up(position)
