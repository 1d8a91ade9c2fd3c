from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase, Verification
from flashyard.flash.dfu.control import Face
from flashyard.flash.dfu.functional import Functional
from flashyard.flash.dfu.suffix import Suffix, make
from flashyard.flash.dfu.target import DfuTarget
from flashyard.flash.running.run import Run
from flashyard.flash.target import Capability
from support.dfu_device import IDS, RUNNING_IDS, DfuDevice, Port, Ticking
from support.dfu_job import FIRMWARE, flash, opened
from support.faults import refused
from support.sparse_images import RAW, Piece, build

VENDOR, PRODUCT = IDS
SUFFIX = Suffix(0xFFFF, PRODUCT, VENDOR, 0x0100)


def a_device(**traits: object) -> DfuDevice:
    return DfuDevice(Ticking(), **traits)  # type: ignore[arg-type]  # the traits vary


@given(
    firmware=st.binary(min_size=1, max_size=700).filter(lambda data: data[:1] != b"D"),
    transfer_size=st.sampled_from([8, 64, 1024]),
    way=st.sampled_from([(0b0111, False), (0b0011, False), (0b0011, True)]),
)
def test_the_device_s_firmware_is_the_image(
    tmp_path_factory: pytest.TempPathFactory,
    firmware: bytes,
    transfer_size: int,
    way: tuple[int, bool],
) -> None:
    attributes, leaves = way
    device = a_device(transfer_size=transfer_size, attributes=attributes, leaves=leaves)
    run = flash(tmp_path_factory.mktemp("x"), Port(device), firmware)
    assert device.flash == firmware
    assert run.verification is Verification.TRANSPORT
    assert run.where.phase is Phase.FINISHING
    assert device.restarts == 1


def test_the_suffix_stays_on_the_host(tmp_path: Path) -> None:
    device = a_device()
    flash(tmp_path, Port(device), FIRMWARE + make(FIRMWARE, SUFFIX))
    assert device.flash == FIRMWARE


def test_a_large_image_in_many_parts_is_one_firmware(tmp_path: Path) -> None:
    device = a_device(transfer_size=4096)
    large = FIRMWARE * 300
    flash(tmp_path, Port(device), large + make(large, SUFFIX), part_size=40_000, read_back=True)
    assert device.flash == large


def test_block_numbers_go_round_after_16_bits(tmp_path: Path) -> None:
    device = a_device(transfer_size=4)
    large = FIRMWARE * 400
    flash(tmp_path, Port(device), large)
    assert device.flash == large


def test_a_tolerant_device_is_read_back(tmp_path: Path) -> None:
    port = Port(a_device())
    run = flash(tmp_path, port, FIRMWARE + make(FIRMWARE, SUFFIX), read_back=True)
    assert run.verification is Verification.READBACK
    assert run.device_state == "firmware verified, device restarted"
    assert "UPLOAD" in port.requests


@pytest.mark.parametrize("at", [0, 63, 64, 749])
def test_one_byte_that_the_device_lost_fails_the_run(tmp_path: Path, at: int) -> None:
    class Forgetful(DfuDevice):
        def manifested(self) -> None:
            super().manifested()
            self.flash = self.flash[:at] + b"\0" + self.flash[at + 1 :]

    run = Run(("firmware",))
    with refused(Code.VERIFY_MISMATCH) as refusal:
        flash(tmp_path, Port(Forgetful(Ticking())), FIRMWARE, read_back=True, run=run)
    assert f"byte {at:#x} is 0x00" in (refusal.fault.details or "")
    assert run.verification is Verification.IMAGE


def test_a_device_that_gives_back_less_than_it_took_fails_the_run(tmp_path: Path) -> None:
    class Short(DfuDevice):
        def manifested(self) -> None:
            self.flash = bytes(self.received[:700])

    with refused(Code.VERIFY_MISMATCH) as refusal:
        flash(tmp_path, Port(Short(Ticking())), FIRMWARE, read_back=True)
    assert "0x2bc cannot be read" in (refusal.fault.details or "")


@pytest.mark.parametrize(
    ("attributes", "version", "able"),
    [
        (0b0111, 0x0110, True),
        (0b0011, 0x0110, False),
        (0b0101, 0x0110, False),
        (0b0011, 0x011A, True),
    ],
)
def test_a_read_back_is_offered_only_where_it_can_be_made(
    attributes: int,
    version: int,
    able: bool,  # noqa: FBT001 (pytest's way)
) -> None:
    with opened(a_device(attributes=attributes, version=version)) as target:
        assert (Capability.READ_BACK in target.capabilities) is able


def test_what_the_device_cannot_give_back_is_refused_before_it_is_written(tmp_path: Path) -> None:
    port = Port(a_device(attributes=0b0001))
    with refused(Code.NOT_SUPPORTED):
        flash(tmp_path, port, FIRMWARE, read_back=True)
    assert port.requests == []


@pytest.mark.parametrize(
    ("content", "partition", "code"),
    [
        (FIRMWARE, "kernel", Code.UNKNOWN_PARTITION),
        (FIRMWARE, "0x08000000", Code.UNKNOWN_PARTITION),
        (b"x" + FIRMWARE + make(FIRMWARE, SUFFIX), "firmware", Code.IMAGE_CORRUPT),
        (
            FIRMWARE + make(FIRMWARE, SUFFIX._replace(product=77)),
            "firmware",
            Code.DEVICE_MISMATCH,
        ),
        (build(512, [Piece(RAW, 1, bytes(512))]), "firmware", Code.NOT_SUPPORTED),
    ],
)
def test_what_cannot_work_is_refused_before_the_device_is_touched(
    tmp_path: Path, content: bytes, partition: str, code: Code
) -> None:
    port = Port(a_device())
    run = Run((partition,))
    with refused(code):
        flash(tmp_path, port, content, partition=partition, run=run)
    assert port.requests == []
    assert run.device_state == "untouched"


def test_of_a_device_without_a_descriptor_what_its_owner_knows_is_assumed() -> None:
    class Terse(DfuDevice):
        @property
        def face(self) -> Face:
            return super().face._replace(functional=b"")

    device = Terse(Ticking())
    known = Functional(0b0111, 100, 64, 0x0110)
    with opened(device) as target:
        assert Capability.READ_BACK not in target.capabilities
    port, clock = Port(device), device.ticking.clock
    with DfuTarget.open(port.connect, lambda _line: None, clock=clock, assumed=known) as target:
        assert Capability.READ_BACK in target.capabilities


def test_a_device_that_lets_nothing_be_written_is_not_written(tmp_path: Path) -> None:
    with refused(Code.NOT_SUPPORTED):
        flash(tmp_path, Port(a_device(attributes=0b0110)), FIRMWARE)


def test_a_device_that_runs_is_detached_and_followed(tmp_path: Path) -> None:
    device = a_device(protocol=1, away=3)
    suffix = SUFFIX._replace(product=RUNNING_IDS[1])
    port = Port(device)
    device.away = 0
    flash(tmp_path, port, FIRMWARE + make(FIRMWARE, suffix))
    assert device.flash == FIRMWARE
    assert port.requests[:2] == ["DETACH", "RESET"]


def test_a_device_tells_who_it_is() -> None:
    with opened(a_device()) as target:
        told = target.describe()
    assert (told.product, told.serial, told.version) == ("Paper", "P-1", "1.23")
    assert (told.mode, told.partitions) == ("dfu", {"Firmware": None})


@pytest.mark.parametrize("name", ["firmware", "Firmware", "alt0"])
def test_a_memory_goes_by_several_names(name: str) -> None:
    with opened(a_device()) as target:
        assert target.locate(name, None).size is None
        with refused(Code.NOT_SUPPORTED):
            target.locate(name, None)


def test_without_a_restart_a_device_is_left_in_its_loader(tmp_path: Path) -> None:
    port = Port(a_device())
    run = flash(tmp_path, port, FIRMWARE, reboot=False)
    assert "RESET" not in port.requests
    assert run.device_state == "firmware written"


def test_a_cancel_ends_between_two_blocks(tmp_path: Path) -> None:
    run = Run(("firmware",))
    seen = 0

    def cancel(request: str, data: bytes) -> bytes:
        nonlocal seen
        seen += request == "DNLOAD"
        if seen == 3:
            run.cancel()
        return data

    device = a_device()
    with refused(Code.CANCELLED):
        flash(tmp_path, Port(device, cancel), FIRMWARE, run=run)
    assert seen == 3
    assert device.flash == b""
    assert run.device_state == "firmware may be partly written"
    flash(tmp_path, Port(device), FIRMWARE)
    assert device.flash == FIRMWARE, "the next job finds it in the middle of a download"
