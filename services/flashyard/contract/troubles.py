"""What keeps a hub, or a place at it, from working as it should, until it is gone."""

from __future__ import annotations

from flashyard.contract.faults import Code
from flashyard.contract.model import Count, Millis, Model, Sentence


class Trouble(Model):
    """Something that is wrong with a hub now, such as a full disk. ``since``: Unix ms."""

    code: Code
    error: Sentence
    hint: Sentence | None = None
    since: Millis


class Quarantine(Model):
    """Why a device's place takes no jobs until an operator releases it.

    ``faults``: how many jobs in a row broke there; ``code`` and ``error`` are the last one's.
    """

    since: Millis
    faults: Count
    code: Code
    error: Sentence
