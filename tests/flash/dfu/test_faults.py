"""A fault at every request of a job, of every kind: no run may end well that should not."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, Fault, FaultError, refuse
from flashyard.contract.phases import Verification
from flashyard.flash.dfu.control import StallError
from flashyard.flash.dfu.status import State
from flashyard.flash.running.run import Run
from support.dfu_device import DfuDevice, Port, Ticking
from support.dfu_job import FIRMWARE, flash
from support.dfuse_device import DfuSeDevice

KINDS = ("stall", "unplug", "silent", "garble", "short")
EXPECTED = {
    Code.DEVICE_REFUSED,
    Code.USB_UNPLUGGED,
    Code.DEVICE_SILENT,
    Code.PROTOCOL_ERROR,
    Code.VERIFY_MISMATCH,
    Code.LINK_LOST,
}


class FaultAt:
    """Makes the nth request go wrong; ``count`` are the requests that there were."""

    def __init__(self, number: int, kind: str, seed: int = 0) -> None:
        self.count = 0
        self._number = number
        self._kind = kind
        self._noise = random.Random(seed)

    def __call__(self, request: str, data: bytes) -> bytes:
        is_answer = request.startswith("answer")
        self.count += not is_answer
        if self.count != self._number:
            return data
        if is_answer and data and self._kind in {"garble", "short"}:
            at = self._noise.randrange(len(data))
            flipped = data[:at] + bytes([data[at] ^ (1 << self._noise.randrange(8))])
            return flipped + data[at + 1 :] if self._kind == "garble" else data[:at]
        if not is_answer and self._kind == "stall":
            raise StallError
        if not is_answer and self._kind in {"unplug", "silent"}:
            raise refuse(Code.USB_UNPLUGGED if self._kind == "unplug" else Code.DEVICE_SILENT)
        return data


def plain() -> DfuDevice:
    return DfuDevice(Ticking())


def going() -> DfuDevice:
    return DfuDevice(Ticking(), attributes=0b0011, leaves=True)


def addressed() -> DfuDevice:
    return DfuSeDevice(Ticking())


def holds_firmware(device: DfuDevice) -> bool:
    if isinstance(device, DfuSeDevice):
        return bytes(device.memory[: len(FIRMWARE)]) == FIRMWARE
    return device.flash == FIRMWARE


def was_leaving(device: DfuDevice, run: Run) -> bool:
    """Was it pulled out in the very moment in which it would have left by itself?

    No host can tell the two apart, and none may claim more than that every byte was taken.
    """
    is_at_it = device.leaves and device.state is State.MANIFEST
    return is_at_it and run.verification is Verification.TRANSPORT


def outcome(folder: Path, port: Port, run: Run) -> Fault | None:
    can_read = port.device.attributes & 4 or isinstance(port.device, DfuSeDevice)
    try:
        flash(folder, port, FIRMWARE, read_back=bool(can_read), run=run)
    except FaultError as error:
        return error.fault
    return None


@pytest.mark.parametrize("make", [plain, going, addressed])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_any_request_never_ends_as_a_lie(
    tmp_path: Path, make: Callable[[], DfuDevice], kind: str
) -> None:
    fault = FaultAt(0, kind)
    outcome(tmp_path, Port(make(), fault), Run(("firmware",)))
    for number in range(1, fault.count + 1):
        device = make()
        port = Port(device, FaultAt(number, kind, number))
        run = Run(("firmware",))
        why = outcome(tmp_path, port, run)
        assert port.pipes[-1].is_closed
        if why is None:
            assert holds_firmware(device) or was_leaving(device, run), (number, kind)
        else:
            assert why.code in EXPECTED, why
        if run.verification is Verification.READBACK:
            assert holds_firmware(device), (number, kind)


@pytest.mark.parametrize("make", [plain, going, addressed])
def test_after_any_fault_the_next_job_succeeds(
    tmp_path: Path, make: Callable[[], DfuDevice]
) -> None:
    for number in range(1, 60):
        device = make()
        outcome(tmp_path, Port(device, FaultAt(number, "silent")), Run(("firmware",)))
        device.ticking.time += 10  # what it was busy with is done
        why = outcome(tmp_path, Port(device), Run(("firmware",)))
        if device.leaves and why is not None:  # it still had to leave
            assert why.code is Code.USB_UNPLUGGED
            why = outcome(tmp_path, Port(device), Run(("firmware",)))
        assert why is None
        assert holds_firmware(device)


@pytest.mark.long
def test_five_thousand_garbled_answers(tmp_path: Path) -> None:
    noise = random.Random(1)
    endings = set()
    for seed in range(5000):
        device = noise.choice([plain, going, addressed])()
        fault = FaultAt(noise.randint(1, 80), noise.choice(KINDS), seed)
        run = Run(("firmware",))
        why = outcome(tmp_path, Port(device, fault), run)
        endings.add(why and why.code)
        assert why is not None or holds_firmware(device) or was_leaving(device, run)
    assert endings <= EXPECTED | {None}
