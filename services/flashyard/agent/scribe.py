"""Who has the stories of one device written down, as they go and as they end. It tells nobody."""

from __future__ import annotations

from threading import Event

from flashyard.agent.board import Board
from flashyard.agent.journal.ledger import Ledger
from flashyard.agent.ports import Port
from flashyard.agent.story import Story
from flashyard.flash.running.mark import Mark


class Scribe:
    """Of the device at one port, whose record the board shows."""

    def __init__(self, port: Port, ledger: Ledger, board: Board) -> None:
        self._port = port
        self._ledger = ledger
        self._board = board

    def keep(self, story: Story) -> None:
        """Have a story written down as it is; what is said of it then waits for that."""
        job, course = story.job, story.course
        if not job.is_final:
            where = str(self._port.address)
            self._ledger.keep(
                story.order, job, story.seq, story.turn, port=where, news=course.news()
            )
            return
        if course.subject is None:
            course.went_to(self._board.subject)
        self._ledger.end(story.recent(), story.record())

    def keep_mark(self, story: Story, mark: Mark) -> Event:
        """Have it written down where a run stands. In the writer's thread."""
        story.mark = mark
        return self._ledger.mark(story.job.job_id, mark, story.course.news())
