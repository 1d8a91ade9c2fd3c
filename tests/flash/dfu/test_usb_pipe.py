from __future__ import annotations

import errno
from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Verification
from flashyard.flash.dfu.control import DFU_MODE, RUNTIME, Alternate, Request, StallError
from flashyard.flash.dfu.target import DfuTarget
from flashyard.flash.dfu.usb_pipe import UsbPipe
from flashyard.flash.images.image import Image
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from support.dfu_device import DfuDevice, Ticking
from support.dfu_job import FIRMWARE
from support.dfuse_device import LAYOUT, DfuSeDevice
from support.faults import refused
from support.usb_bus import BUS, PORTS, PaperBus


def bus_of(device: DfuDevice | None = None) -> PaperBus:
    return PaperBus(device or DfuDevice(Ticking()))


def test_a_device_is_known_by_its_port_and_its_descriptors() -> None:
    bus = bus_of(DfuSeDevice(Ticking()))
    pipe = UsbPipe.connect(BUS, PORTS, bus)
    assert pipe.face == bus.device.face
    assert pipe.face.alternates == (Alternate(0, LAYOUT),)
    assert (bus.claimed, bus.handles) == (1, 1)
    pipe.select(0)
    assert bus.alternate == 0
    pipe.close()
    pipe.close()
    assert (bus.claimed, bus.handles) == (0, 0)


def test_a_job_goes_through_libusb_s_seam(tmp_path: Path) -> None:
    bus = bus_of(DfuDevice(Ticking(), protocol=RUNTIME))
    clock = bus.device.ticking.clock

    def connect() -> UsbPipe:
        bus.device.is_there = True
        return UsbPipe.connect(BUS, PORTS, bus)

    path = tmp_path / "firmware"
    path.write_bytes(FIRMWARE)
    run = Run(("firmware",))
    with Image(path) as source:
        recipe = Recipe(steps=(Step("firmware", source),), hash_checked=True, read_back=True)
        write(lambda tell: DfuTarget.open(connect, tell, clock=clock), recipe, run)
    assert bus.device.flash == FIRMWARE
    assert bus.device.protocol == DFU_MODE
    assert run.verification is Verification.READBACK
    assert (bus.claimed, bus.handles) == (0, 0)


def test_every_transfer_has_a_deadline() -> None:
    bus = bus_of()
    pipe = UsbPipe.connect(BUS, PORTS, bus)
    pipe.read(Request.GETSTATUS, 0, 6, 35.0)
    pipe.write(Request.ABORT, 0, b"", 0.0)
    pipe.close()
    assert bus.timeouts == [35_000, 1]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENODEV, Code.USB_UNPLUGGED),
        (errno.ETIMEDOUT, Code.DEVICE_SILENT),
        (errno.EIO, Code.LINK_LOST),
        (errno.EACCES, Code.NOT_ALLOWED),
    ],
)
def test_what_breaks_a_transfer_is_told(number: int, code: Code) -> None:
    bus = bus_of()
    pipe = UsbPipe.connect(BUS, PORTS, bus)
    bus.broken = number
    with refused(code):
        pipe.read(Request.GETSTATUS, 0, 6, 1.0)
    pipe.close()
    assert (bus.claimed, bus.handles) == (0, 0)


def test_a_stall_is_the_session_s_to_explain() -> None:
    pipe = UsbPipe.connect(BUS, PORTS, bus_of())
    with pytest.raises(StallError):
        pipe.write(Request.DNLOAD, 5, b"x", 1.0)
    pipe.close()


def test_a_driver_of_the_kernel_s_is_asked_to_let_go() -> None:
    bus = bus_of()
    bus.busy_driver = True
    UsbPipe.connect(BUS, PORTS, bus).close()
    assert not bus.busy_driver


def test_a_device_that_a_reset_drives_away_was_meant_to_go() -> None:
    bus = bus_of()
    pipe = UsbPipe.connect(BUS, PORTS, bus)
    pipe.reset()
    pipe.close()
    assert bus.device.restarts == 1
    assert (bus.claimed, bus.handles) == (0, 0)


def test_an_empty_port_and_one_with_something_else_are_no_dfu_devices() -> None:
    with refused(Code.DEVICE_OFFLINE):
        UsbPipe.connect(BUS, (9,), bus_of())
    other = PaperBus(DfuDevice(Ticking()), kind=(0xFF, 0x42))
    with refused(Code.DEVICE_OFFLINE) as refusal:
        UsbPipe.connect(BUS, PORTS, other)
    assert "does not speak DFU" in refusal.fault.sentence
    assert (other.claimed, other.handles) == (0, 0)
