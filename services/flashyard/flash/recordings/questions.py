"""The variables of a recording: what was answered to each, and what is left without them.

Our client learns to ask more; a recording that cannot be made anew is still good for the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from flashyard.flash.recordings.transcript import Act, Call

_QUESTION = b"getvar:"
_UNKNOWN = (Call(0, Act.RECEIVE, b"FAILnot in the recording"),)
Numbered = tuple[int, Call]  # a call, and its line in the file


class Questions:
    """Taken from a session's calls; ``others``: those that are neither question nor answer."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._answers: dict[bytes, deque[tuple[Call, ...]]] = {}
        self.others: list[Numbered] = []
        for question, exchange in _exchanges(calls):
            if question is None:
                self.others += exchange
            else:
                answers = tuple(call for _, call in exchange)
                self._answers.setdefault(question, deque()).append(answers)

    def answers(self, packet: bytes) -> deque[Call] | None:
        """Give the answers to a question: each time the next ones, then the last for ever.

        One that was not asked has a FAIL; None: the packet is no question.
        """
        if not packet.startswith(_QUESTION):
            return None
        times = self._answers.get(packet, deque([_UNKNOWN]))
        return deque(times.popleft() if len(times) > 1 else times[0])


def _exchanges(calls: Sequence[Call]) -> Iterator[tuple[bytes | None, list[Numbered]]]:
    """Split a session at its commands: a question with its answers, or any other with all calls."""
    question: bytes | None = None
    exchange: list[Numbered] = []
    for number, call in enumerate(calls, 2):
        if call.act is Act.SEND:
            yield question, exchange
            packet = call.packet or b""
            question = packet if packet.startswith(_QUESTION) else None
            is_sent = question is not None and call.fault is None
            exchange = [] if is_sent else [(number, call)]
        else:
            exchange.append((number, call))
    yield question, exchange
