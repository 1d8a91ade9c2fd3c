"""A run within another one's way back: told there as one phase, and ended by nobody."""

from __future__ import annotations

from flashyard.contract.phases import Phase
from flashyard.flash.running.run import Run
from flashyard.flash.target import Taken


class Aside(Run):
    """``outer`` is in `rolling_back`; ``steps``: of each step here, which one there it undoes."""

    def __init__(self, outer: Run, steps: tuple[int, ...] = ()) -> None:
        partitions = tuple(outer.steps[index].partition for index in steps)
        super().__init__(partitions, outer.lines, allowance=outer.allowance)
        self._outer = outer
        self._undone = steps

    def enter(self, phase: Phase, stage: str, step: int | None = None) -> None:  # noqa: ARG002
        """Tell a stage; to those who look from outside it is all one phase."""
        whose = None if step is None else self._undone[step]
        said = f"Rolling back: {stage[:1].lower()}{stage[1:]}"
        self._outer.enter(Phase.ROLLING_BACK, said, whose)

    def wait(self, seconds: float) -> None:
        """Sleep in the writer's thread."""
        self._outer.wait(seconds)

    def safe_point(self) -> None:
        """Show that something is being done."""
        self._outer.breaths += 1

    def count(self, step: int, taken: Taken, position: int) -> None:
        """Count bytes as sent, and not as part of what was to be done."""
        super().count(step, taken, position)
        self._outer.wire += taken.wire
