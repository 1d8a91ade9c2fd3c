"""A DFU device in software, by the state machine of USB DFU 1.1, annex A, on a clock of its own.

The fake behind the control pipe. It is strict: whatever the standard does not allow is an error.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flashyard.contract.faults import Code, refuse
from flashyard.flash.dfu.control import DFU_MODE, RUNTIME, Alternate, Face, Request, StallError
from flashyard.flash.dfu.limits import Clock
from flashyard.flash.dfu.status import State

OUT_OF_ORDER, NOT_DONE, STALLED = 8, 9, 15
BUSY = 0.05  # seconds a block takes
IDS = (0x1209, 0x0001)
RUNNING_IDS = (0x1209, 0x0002)


class Ticking:
    """A clock that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.time, self.sleep)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += seconds


class WallClock(Ticking):
    """The clock on the wall, which nobody needs to push."""

    def __init__(self) -> None:
        """Start nothing: `time` is read anew each time."""

    @property
    def time(self) -> float:  # type: ignore[override]  # it ticks by itself
        return time.monotonic()


@dataclass
class DfuDevice:
    """A device of one memory. Attribute ``flash``: what it holds once it manifested."""

    ticking: Ticking
    attributes: int = 0b0111
    transfer_size: int = 64
    version: int = 0x0110
    protocol: int = DFU_MODE
    name: str = "Firmware"
    leaves: bool = False  # when it manifests, instead of waiting for a reset
    away: int = 0  # looks for it that find nothing
    state: State = State.IDLE
    condition: int = 0
    flash: bytes = b""
    restarts: int = 0
    is_there: bool = True
    ready_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    blocks: int = 0

    @property
    def face(self) -> Face:
        vendor, product = IDS if self.protocol == DFU_MODE else RUNNING_IDS
        functional = struct.pack(
            "<BBBHHH", 9, 0x21, self.attributes, 1000, self.transfer_size, self.version
        )
        alternates = (Alternate(0, self.name),)
        return Face(self.protocol, vendor, product, 0x0123, alternates, functional, "Paper", "P-1")

    @property
    def is_tolerant(self) -> bool:
        return bool(self.attributes & 4)

    def write(self, request: Request, value: int, data: bytes) -> None:
        self._pass_time()
        if request is Request.DETACH and self.protocol == RUNTIME:
            self.state = State.APP_DETACH
            if self.attributes & 8:
                self.restart()
        elif request is Request.CLRSTATUS and self.state is State.ERROR:
            self.state, self.condition = State.IDLE, 0
        elif request is Request.ABORT and self.state in {
            State.IDLE, State.DNLOAD_SYNC, State.DNLOAD_IDLE, State.MANIFEST_SYNC,
            State.UPLOAD_IDLE,
        }:  # fmt: skip
            self.begin_anew()
        elif request is Request.DNLOAD and self._may_download(data):
            self.take(value, data)
        else:
            self.stall(STALLED)

    def read(self, request: Request, value: int, length: int) -> bytes:
        if request is Request.GETSTATUS:
            return self.tell_status()
        self._pass_time()
        can_upload = self.attributes & 2 and self.state in {State.IDLE, State.UPLOAD_IDLE}
        if request is not Request.UPLOAD or not can_upload:
            self.stall(STALLED)
        data = self.give(value, length)
        self.state = State.UPLOAD_IDLE if len(data) == length else State.IDLE
        return data

    def _may_download(self, data: bytes) -> bool:
        if len(data) > self.transfer_size or not self.attributes & 1:
            return False
        return self.state is State.DNLOAD_IDLE or (self.state is State.IDLE and bool(data))

    def take(self, value: int, data: bytes) -> None:
        if not data:
            self.state = State.MANIFEST_SYNC
            return
        if self.state is State.IDLE:
            self.received.clear()
            self.blocks = 0
        if value != self.blocks % 65536:
            self.stall(OUT_OF_ORDER)
        self.blocks += 1
        self.received += data
        self.state = State.DNLOAD_SYNC
        self.ready_at = 0.0

    def give(self, value: int, length: int) -> bytes:
        if self.state is State.IDLE:
            self.blocks = 0
        if value != self.blocks:
            self.stall(OUT_OF_ORDER)
        self.blocks += 1
        start = value * self.transfer_size
        return self.flash[start : start + length]

    def begin_anew(self) -> None:
        self.state = State.IDLE
        self.received.clear()
        self.blocks = 0

    def stall(self, condition: int) -> None:
        self.state, self.condition = State.ERROR, condition
        raise StallError

    def restart(self) -> None:
        """Leave the bus, and come back as what it is after that."""
        self.restarts += 1
        self.protocol = DFU_MODE if self.state is State.APP_DETACH else self.protocol
        self.is_there = False
        self.begin_anew()

    def run_block(self) -> None:
        """Do what a block asks for, when its status is asked for."""

    def manifested(self) -> None:
        self.flash = bytes(self.received)

    def _pass_time(self) -> None:
        if self.ticking.time < self.ready_at:
            self.stall(STALLED)  # it is busy and said for how long
        if self.state is State.DNBUSY:
            self.state = State.DNLOAD_SYNC
        elif self.state is State.MANIFEST:
            self.manifested()
            if self.leaves:
                self.restart()
                raise refuse(Code.USB_UNPLUGGED)
            self.state = State.MANIFEST_SYNC if self.is_tolerant else State.MANIFEST_WAIT_RESET

    def tell_status(self) -> bytes:
        self._pass_time()
        poll = 0.0
        if self.state is State.DNLOAD_SYNC:
            if self.ready_at:
                self.state, self.ready_at = State.DNLOAD_IDLE, 0.0
            else:
                self.run_block()
                if self.state is State.DNLOAD_SYNC:
                    self.state, poll = State.DNBUSY, BUSY
        elif self.state is State.MANIFEST_SYNC:
            if self.ready_at:
                self.state, self.ready_at = State.IDLE, 0.0
            else:
                self.state, poll = State.MANIFEST, 1.0
        if poll:
            self.ready_at = self.ticking.time + poll
        told = struct.pack("<BHBBB", self.condition, int(poll * 1000), 0, self.state, 0)
        if self.state is State.MANIFEST_WAIT_RESET:
            self.ready_at = 0.0
        return told


class PaperPipe:
    """A pipe to a device. ``fault`` is asked before each request, and may raise or alter."""

    def __init__(
        self, device: DfuDevice, fault: Callable[[str, bytes], bytes] | None = None
    ) -> None:
        self.device = device
        self.face = device.face
        self.log: list[tuple[str, int, int]] = []
        self.is_closed = False
        self._fault = fault

    def write(self, request: Request, value: int, data: bytes, deadline: float) -> None:
        self._meet(request, value, len(data), deadline)
        self.device.write(request, value, data)

    def read(self, request: Request, value: int, length: int, deadline: float) -> bytes:
        self._meet(request, value, length, deadline)
        data = self.device.read(request, value, length)
        return self._fault(f"answer {request.name}", data) if self._fault else data

    def select(self, alternate: int) -> None:
        assert alternate in {each.number for each in self.face.alternates}

    def reset(self) -> None:
        self.log.append(("RESET", 0, 0))
        self.device.restart()

    def close(self) -> None:
        self.is_closed = True

    def _meet(self, request: Request, value: int, length: int, deadline: float) -> None:
        assert deadline > 0
        assert not self.is_closed
        self.log.append((request.name, value, length))
        if self._fault is not None:
            self._fault(request.name, b"")
        if not self.device.is_there:
            raise refuse(Code.USB_UNPLUGGED)


@dataclass
class Port:
    """Where a device is plugged in; every connection made there is kept."""

    device: DfuDevice
    fault: Callable[[str, bytes], bytes] | None = None
    pipes: list[PaperPipe] = field(default_factory=list)

    def connect(self) -> PaperPipe:
        if self.device.away > 0:
            self.device.away -= 1
            raise refuse(Code.DEVICE_OFFLINE)
        self.device.is_there = True
        self.pipes.append(PaperPipe(self.device, self.fault))
        return self.pipes[-1]

    @property
    def requests(self) -> list[str]:
        """The names of all requests but the questions."""
        names = [name for pipe in self.pipes for name, _, _ in pipe.log]
        return [name for name in names if name != "GETSTATUS"]
