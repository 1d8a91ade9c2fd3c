"""What was told to the browsers, counted: plain numbers that only grow. It knows no browser."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Since the start.

    Attributes:
        messages: for browsers, each counted once.
        sent: of them, over all browsers.
        thinned: replaced by a newer one before they were sent.
        ignored: what browsers said that is no word.
        closed: connections that this side ended, by close code.
    """

    messages: int = 0
    sent: int = 0
    thinned: int = 0
    ignored: int = 0
    closed: Counter[int] = field(default_factory=Counter)
