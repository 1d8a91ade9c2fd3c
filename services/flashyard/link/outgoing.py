"""What is on its way to the broker, and what becomes of it when the connection breaks.

It opens no connection; it is told of one, and of its end.
"""

from __future__ import annotations

from flashyard.link.letter import Letter
from flashyard.link.wire import Wire


class Outgoing:
    """Letters not yet confirmed, at most ``bound``; with ``keep`` they outlive the connection.

    ``dropped`` counts letters that were not taken or were discarded unconfirmed.
    """

    def __init__(self, bound: int, *, keep: bool) -> None:
        self.dropped = 0
        self._bound = bound
        self._keep = keep
        self._wire: Wire | None = None
        self._unconfirmed: dict[int, Letter] = {}  # by packet id, in the order of sending
        self._waiting: list[Letter] = []  # for a connection

    def post(self, letter: Letter) -> bool:
        """Send a letter or keep it; say whether it was taken."""
        taken = self._send(letter) if letter.qos == 0 else self._send_surely(letter)
        if not taken:
            self.dropped += 1
        return taken

    def attach(self, wire: Wire) -> None:
        """Use this connection from now on; first send again what was kept, in its old order."""
        self._wire = wire
        kept, self._waiting = self._waiting, []
        for letter in kept:
            self._send_surely(letter)

    def detach(self) -> None:
        """The connection is lost: keep what it did not confirm, or discard it."""
        self._wire = None
        unconfirmed = [*self._unconfirmed.values(), *self._waiting]
        self._unconfirmed.clear()
        if self._keep:
            self._waiting = unconfirmed
            return
        self._waiting = []
        self.dropped += len(unconfirmed)
        for letter in unconfirmed:
            letter.settle(arrived=False)

    def confirm(self, packet_id: int) -> None:
        """Take note of a PUBACK."""
        letter = self._unconfirmed.pop(packet_id, None)
        if letter is not None:
            letter.settle(arrived=True)

    def _send(self, letter: Letter) -> bool:
        return self._wire is not None and self._wire.send(letter) is not None

    def _send_surely(self, letter: Letter) -> bool:
        if len(self._unconfirmed) + len(self._waiting) >= self._bound:
            return False
        # A connection whose loss nobody has noticed yet takes nothing either.
        packet_id = None if self._wire is None else self._wire.send(letter)
        if packet_id is not None:
            self._unconfirmed[packet_id] = letter
        elif self._keep:
            self._waiting.append(letter)
        return packet_id is not None or self._keep
