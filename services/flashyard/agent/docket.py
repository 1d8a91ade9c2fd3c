"""What one device has to do: the job that has begun, and those that wait. Here they are steered.

It begins none, and ends only those that nothing is being done for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flashyard.agent.ghosts import UNTOUCHED, interrupted
from flashyard.agent.prospect import is_to_go_back
from flashyard.agent.queueing.queue import Queue
from flashyard.agent.story import Story
from flashyard.contract.faults import Code, Fault, fault, refuse
from flashyard.contract.phases import Status
from flashyard.flash.running.run import Run


class Docket:
    """The jobs of one device; ``wake`` is called when one may have become ready to be worked on.

    Attributes:
        queue: those that have not begun.
        current: the one that has, until it is over: also while it is paused.
        run: of that one, while it is at work.
    """

    def __init__(self, queue: Queue[Story], wake: Callable[[], None]) -> None:
        self.queue = queue
        self.current: Story | None = None
        self.run: Run | None = None
        self._wake = wake

    @property
    def next(self) -> Story | None:
        """The job to be worked on next; None: there is none, or one is at work."""
        if self.run is not None:
            return None
        if self.current is None:
            return self.queue.next()
        return None if self.current.job.status is Status.PAUSED else self.current

    @property
    def is_pressed(self) -> bool:
        """Is a job under way, or one waiting that could begin now?"""
        return self.current is not None or self.queue.next() is not None

    def __bool__(self) -> bool:
        return self.current is not None or bool(self.queue)

    def __iter__(self) -> Iterator[Story]:
        if self.current is not None:
            yield self.current
        yield from self.queue

    def restore(self, story: Story) -> None:
        """Take over a job of an earlier run of the hub, and settle what became of it with that."""
        if not story.job.has_begun:
            story.moved_up(self.queue.join(story))
            return
        self.current = story
        if story.job.requested == "cancel":
            self.cancel(story)
        elif story.mark is not None and not story.mark.can_be_taken_up:
            self._give_up(story, interrupted(story.mark.phase))
        elif story.job.requested == "pause":
            story.paused()
        elif story.job.status is not Status.PAUSED:
            story.goes_on("Going on after a restart of the hub")

    def find(self, job_id: str) -> Story | None:
        """Return a job that is not over."""
        return next((story for story in self if story.job.job_id == job_id), None)

    def begin(self, story: Story, run: Run) -> None:
        """Have a job be worked on."""
        self.queue.begin(story)
        self.current, self.run = story, run
        self.rearranged()

    def land(self) -> None:
        """The job that was at work is not any more; it stays the current one until it is over."""
        self.run = None

    def drop(self, story: Story) -> None:
        """Forget a job that is over."""
        if self.current is story:
            self.current = self.run = None
        else:
            self.queue.leave(story)
        self.rearranged()

    def rank(self, story: Story, priority: int) -> None:
        """Give a job another priority: where it waits it goes behind those that have it already.

        One that has begun may have to wait again, after a pause.
        """
        if self.queue.change(story, priority):
            story.ranks(priority)
            self.rearranged()

    def rearranged(self) -> None:
        """Have the run know whether another job is to follow it, and whoever calls up the next."""
        if self.run is not None:
            self.run.is_followed = self.queue.next() is not None
        self._wake()

    def pause(self, story: Story) -> None:
        """Hold a job that waits; stop one that runs at its next safe point. Asking again is fine.

        Raises:
            FaultError: `illegal_state`: it is past its last safe point, or to be cancelled.
        """
        if story.job.status is Status.PAUSED or story.job.requested == "pause":
            return
        if story.doom is not None:
            raise refuse(Code.ILLEGAL_STATE, "The job is over, and only goes back.")
        if story is not self.current or self.run is None:
            story.paused()
            self.rearranged()
        elif story.job.requested == "cancel" or not self.run.pause():
            raise refuse(Code.ILLEGAL_STATE, "The job is too far to be paused.")
        else:
            story.asked_to("pause")

    def resume(self, story: Story) -> None:
        """Let a paused job go on, or one go on that was about to pause.

        Raises:
            FaultError: `illegal_state`: it is not paused.
        """
        if story.job.status is Status.PAUSED:
            story.resumed()
            self.rearranged()
        elif story.job.requested == "pause":
            if self.run is not None:
                self.run.go_on()
            story.asked_to(None)
        else:
            raise refuse(Code.ILLEGAL_STATE, "The job is not paused.", hint="Let it run.")

    def cancel(self, story: Story) -> None:
        """End a job: at once where nothing is being done for it, else at its next safe point.

        Asking again is fine.

        Raises:
            FaultError: `illegal_state`: it is past its last safe point.
        """
        if story.job.requested == "cancel" and self.run is not None:
            return
        if story is not self.current:
            story.fail(fault(Code.CANCELLED), UNTOUCHED)
        elif self.run is None and story.doom is None:
            self._give_up(story, fault(Code.CANCELLED))
        elif self.run is not None and self.run.cancel():
            story.asked_to("cancel")
        else:
            raise refuse(Code.ILLEGAL_STATE, "The job is too far to be cancelled.")

    def _give_up(self, story: Story, why: Fault) -> None:
        """End a job that nothing is being done for; first it goes back, if it has a way."""
        if not is_to_go_back(story.order, story.mark, why):
            story.fail(why, story.left_behind)
            return
        story.goes_back(why)
        if why.code is Code.CANCELLED:
            story.asked_to("cancel")
        self._wake()


def verdict(story: Story, why: Fault) -> Fault:
    """What was asked to end ends as asked, whatever broke on the way to its safe point."""
    if story.doom is not None:
        return story.doom
    if story.job.requested == "cancel" and why.code is not Code.CANCELLED:
        return fault(Code.CANCELLED, details=why.details or why.sentence)
    return why
