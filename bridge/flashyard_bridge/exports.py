"""The files that are written for clients now: a few, whatever is in them. It knows no HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flashyard.contract.faults import Code, refuse

MOST = 4
PATIENCE = 60.0


class Exports:
    """Lets so many files be under way at a time, each for as long as its client takes some of it.

    Args:
        most: files.
        patience: seconds in which a client takes a part; one that sleeps is left.
    """

    def __init__(self, most: int = MOST, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._most = most
        self._under_way = 0

    @property
    def are_full(self) -> bool:
        """Is there no room for another?"""
        return self._under_way >= self._most

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Count one.

        Raises:
            FaultError: `rate_limited`.
        """
        if self.are_full:
            sentence = f"There are {self._most} exports under way already."
            raise refuse(Code.RATE_LIMITED, sentence, hint="Try again when one of them is over.")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
