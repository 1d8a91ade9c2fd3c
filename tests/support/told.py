"""A job's story on paper: told without a broker, to be looked at."""

from __future__ import annotations

from collections.abc import Callable

from flashyard.agent.clock import Clock
from flashyard.agent.post import Post
from flashyard.agent.queueing.turns import Turns
from flashyard.agent.story import Story
from flashyard.agent.telling import Teller
from flashyard.contract.orders import StartOrder
from flashyard.contract.phases import Phase
from flashyard.contract.topics import Kind
from flashyard.flash.running.meter import Reading
from flashyard.flash.running.run import Run
from support.paper_link import PaperLink

TOTAL = 1000
ORDER = StartOrder(
    order_id="o1",
    job_id="job_1703001234_abc123",
    session="s1",
    issued_at=0,
    device_id="DEVICE_1",
    partition="system",
    total_bytes=TOTAL,
)


class Told:
    """A story on paper."""

    def __init__(self, order: StartOrder = ORDER, clock: Clock | None = None) -> None:
        self.link = PaperLink()
        self.kept: list[int] = []
        self.changes: list[int] = []
        post = Post(self.link.as_link(), "bench-a", _at_once)
        self.post = post
        self.story = Story(
            order,
            "Device 1",
            Teller("bench-a", clock or Clock(), post),
            Turns().deal(order.job_id, order.priority),
            keep=lambda story: self.kept.append(story.seq),
            changed=lambda story: self.changes.append(story.seq),
        )
        self.run = Run(("system",), self.story.course.lines)

    @property
    def events(self) -> list[object]:
        return [sheet.report for sheet in self.link.sheets if sheet.topic.kind is Kind.EVENT]

    def note(self, done: int, speed: int = 5) -> None:
        percent = min(done * 1000 // TOTAL / 10, 99.9)
        self.story.note(self.run, self.run.where, Reading(percent, done, speed, speed, 3))

    def fly(self) -> None:
        """Bring the run to its last phase."""
        for phase in (Phase.IDENTIFYING, Phase.WRITING, Phase.FINISHING):
            self.run.enter(phase, phase.value)


def _at_once(then: Callable[[], object], _key: str | None) -> None:
    """Stand for a journal that has written everything."""
    then()
