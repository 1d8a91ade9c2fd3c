"""The host's side of the DFU state machine: one request at a time, each wait with an end.

Follows USB DFU 1.1, section 6 and annex A. It knows no files and no memories.
"""

from __future__ import annotations

from contextlib import suppress

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.dfu import status
from flashyard.flash.dfu.control import ControlPipe, Request, StallError
from flashyard.flash.dfu.limits import Clock, Limits
from flashyard.flash.dfu.status import State, Status

# A device that says it needs no time is yet not asked more often than this.
_SHORTEST = 0.001
_MAX_STEPS = 16  # from anywhere to dfuIDLE
_BLOCKS = 1 << 16  # wValue counts no further
_TO_ABORT = {State.DNLOAD_SYNC, State.DNLOAD_IDLE, State.MANIFEST_SYNC, State.UPLOAD_IDLE}
_TO_AWAIT = {State.DNBUSY, State.MANIFEST}
_GONE = {Code.USB_UNPLUGGED, Code.LINK_LOST}


class Session:
    """Speaks to a device in DFU mode.

    Every call may raise what the pipe raises, and `device_refused` with the device's status,
    `protocol_error`, `device_silent` where it asks for more patience than there is.

    Attributes:
        is_gone: has it left, as it does after it made new firmware its own?
    """

    def __init__(self, pipe: ControlPipe, limits: Limits, clock: Clock) -> None:
        self._pipe = pipe
        self._limits = limits
        self._clock = clock
        self.is_gone = False

    def make_idle(self) -> None:
        """Bring it to dfuIDLE, whatever an earlier host left it in."""
        for _ in range(_MAX_STEPS):
            told = self._status()
            if told.state is State.IDLE:
                return
            if told.state is State.ERROR:
                self._nudge(Request.CLRSTATUS)
            elif told.state in _TO_ABORT:
                self._nudge(Request.ABORT)
            elif told.state in _TO_AWAIT:
                self._wait(told, self._clock.now() + self._limits.block)
            else:
                raise _unexpected(told)
        raise refuse(Code.PROTOCOL_ERROR, "The device does not become idle.")

    def download(self, number: int, data: bytes) -> None:
        """Send a block, and wait until the device wants the next."""
        self._write(Request.DNLOAD, number % _BLOCKS, data)
        told = self._settled({State.DNLOAD_SYNC, State.DNBUSY}, self._limits.block)
        if told.state is not State.DNLOAD_IDLE:
            raise _unexpected(told)

    def manifest(self, number: int, *, is_tolerant: bool) -> None:
        """Tell it that this was all, and wait until the firmware is its own.

        A device that is not tolerant may leave the bus meanwhile: no error once it has begun.
        """
        self._write(Request.DNLOAD, number % _BLOCKS)
        busy = {State.MANIFEST_SYNC, State.MANIFEST}
        begun = False
        end = self._clock.now() + self._limits.manifest
        while True:
            try:
                told = self._status()
            except FaultError as error:
                if is_tolerant or not begun or error.fault.code not in _GONE:
                    raise
                self.is_gone = True
                return
            if told.state in {State.IDLE, State.MANIFEST_WAIT_RESET}:
                return
            if told.state not in busy:
                raise _unexpected(told)
            begun = True
            self._wait(told, end)

    def leave(self, number: int) -> None:
        """Have a DfuSe device start what it holds; it goes at once, and may not say so."""
        self._write(Request.DNLOAD, number)
        self.is_gone = True
        try:
            told = self._status()
        except FaultError as error:
            if error.fault.code not in _GONE | {Code.DEVICE_SILENT, Code.PROTOCOL_ERROR}:
                raise
        else:
            if told.state not in {State.MANIFEST, State.MANIFEST_SYNC, State.MANIFEST_WAIT_RESET}:
                raise _unexpected(told)

    def upload(self, number: int, length: int) -> bytes:
        """Read a block; a short one is the last."""
        try:
            data = self._pipe.read(Request.UPLOAD, number % _BLOCKS, length, self._limits.block)
        except StallError:
            raise self._refusal() from None
        if len(data) > length:
            raise refuse(Code.PROTOCOL_ERROR, details=f"{len(data)} bytes uploaded, not {length}")
        return data

    def abort(self) -> None:
        """Go from a transfer to dfuIDLE."""
        self._write(Request.ABORT)
        self.make_idle()

    def _nudge(self, request: Request) -> None:
        """Send a request that may be refused: what that leads to, the next status tells."""
        with suppress(StallError):
            self._pipe.write(request, 0, b"", self._limits.request)

    def _write(self, request: Request, value: int = 0, data: bytes = b"") -> None:
        try:
            self._pipe.write(request, value, data, self._limits.request)
        except StallError:
            raise self._refusal() from None

    def _refusal(self) -> FaultError:
        """Ask why it refused a request."""
        told = self._status()
        return told.refusal if told.state is State.ERROR else _unexpected(told)

    def _status(self) -> Status:
        try:
            told = self._pipe.read(Request.GETSTATUS, 0, status.SIZE, self._limits.status)
        except StallError:
            raise refuse(Code.PROTOCOL_ERROR, "The device refuses to tell its status.") from None
        return Status.unpack(told)

    def _settled(self, busy: set[State], limit: float) -> Status:
        end = self._clock.now() + limit
        while True:
            told = self._status()
            if told.state is State.ERROR:
                raise told.refusal
            if told.state not in busy:
                return told
            self._wait(told, end)

    def _wait(self, told: Status, end: float) -> None:
        """Wait as long as the device asked for, if there is so much time."""
        now = self._clock.now()
        if now + told.poll > end:
            raise refuse(
                Code.DEVICE_SILENT,
                "The device stays busy for too long.",
                details=f"{told.state.name}, {told.poll:g} s more",
            )
        self._clock.sleep(max(told.poll, _SHORTEST))


def _unexpected(told: Status) -> FaultError:
    if told.state is State.ERROR:
        return told.refusal
    return refuse(
        Code.PROTOCOL_ERROR,
        "The device is in a state that does not belong here.",
        details=f"dfu{told.state.name.replace('_', '-')}",
    )
