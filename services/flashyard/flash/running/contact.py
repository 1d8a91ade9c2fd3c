"""The device as long as one run lasts: opened, sent into another mode, met again as the same one.

It knows what a device may not be when it comes back, and nothing of what is done to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Self

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.running.aftermath import Aftermath
from flashyard.flash.running.run import Run
from flashyard.flash.target import Bootloader, Description, Mode, Target, Tell, no_bootloader

Opener = Callable[[Tell], Target]
# What opening a device meets while that device is on its way.
ON_ITS_WAY = frozenset(
    {Code.USB_UNPLUGGED, Code.LINK_LOST, Code.DEVICE_SILENT, Code.PROTOCOL_ERROR}
)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds.

    Attributes:
        leave: until a device that agreed to go is gone.
        mode: until it is there again in another mode.
        boot: until its system has started.
        find: until one that is to be brought back is found.
        look_again: between two looks for it.
    """

    leave: float = 5.0
    mode: float = 120.0
    boot: float = 300.0
    find: float = 60.0
    look_again: float = 0.1


class Contact:
    """The one session with a device that is open at a time; a context manager closes the last.

    Attributes:
        target: the present session; after :meth:`part` none is open.
        description: what the device told of itself in it.
        aftermath: of the run.
        trouble: why a device on its way could not be opened when that was tried last.
    """

    target: Target
    description: Description

    def __init__(
        self,
        opener: Opener,
        run: Run,
        patience: Patience,
        serial: str | None = None,
        aftermath: Aftermath | None = None,
    ) -> None:
        self.patience = patience
        self.aftermath = aftermath or Aftermath(run)
        self.trouble: str | None = None
        self._opener = opener
        self._run = run
        self._serial = serial
        self._open: Target | None = None

    def meet(self) -> Description:
        """Open the device and learn who it is.

        Raises:
            FaultError: `device_mismatch`: it has not the serial it should have, or had before.
        """
        self.target = self._open = self._opener(self._run.lines.add)
        self.description = self._run.description = self.target.describe()
        if self._serial is not None and self.description.serial != self._serial:
            found = self.description.serial
            raise refuse(Code.DEVICE_MISMATCH, details=f"wanted {self._serial}, found {found}")
        self._serial = self.description.serial
        return self.description

    @property
    def bootloader(self) -> Bootloader:
        """The device as a bootloader; raises `not_supported` where it is none."""
        found = self.target.bootloader
        if found is None:
            raise no_bootloader()
        return found

    def part(self) -> bool:
        """Let a device go that agreed to restart; False: it is still there, for all that we see."""
        has_left = self.bootloader.has_left(self.patience.leave)
        self.close()
        return has_left

    def enter(self, mode: Mode, stage: str, step: int | None = None) -> None:
        """Send the device into a mode and meet it there; a safe point as long as it is away.

        ``stage`` stays what it is said to be at, and ``step`` the one it is for: what comes next
        is for whoever sent it.

        Raises:
            FaultError: `device_silent`, `device_refused` (it is there, in another mode),
                `device_mismatch`, `cancelled`.
        """
        self._run.enter(self._run.where.phase, stage, step)
        self.aftermath.note("device", f"sent into {mode}")
        self.bootloader.restart_into(mode)
        changes = self.description.mode != mode
        has_left = self.part()
        self._await(mode, has_left=has_left or changes)
        self._run.lines.add(f"The device is in {mode}")
        self.aftermath.note("device", f"in {mode}")

    def _await(self, mode: Mode, *, has_left: bool) -> None:
        """Meet it once it is there; one that need not change must have been seen to be away."""
        deadline = monotonic() + self.patience.mode
        while True:
            self._run.safe_point()
            found = self.glimpse()
            has_left = has_left or found is None
            if found is not None and found.mode == mode and has_left:
                return
            self.close()
            if monotonic() >= deadline:
                break
            self._run.wait(self.patience.look_again)
        if self.trouble is None:
            raise refuse(Code.DEVICE_REFUSED, f"The device does not restart into {mode}.")
        raise refuse(
            Code.DEVICE_SILENT, f"The device did not come back in {mode}.", details=self.trouble
        )

    def glimpse(self) -> Description | None:
        """Open a device that is on its way, and learn who it is; None: it cannot be opened yet."""
        try:
            found = self.meet()
        except FaultError as missing:
            if missing.fault.code not in ON_ITS_WAY:
                raise
            self.trouble = missing.fault.details or missing.fault.sentence
            self.close()
            return None
        self.trouble = None
        return found

    def close(self) -> None:
        """Close the session, if one is open."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
