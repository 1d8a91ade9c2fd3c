from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.contract.phases import Verification
from flashyard.flash.dfu.suffix import Suffix, make
from flashyard.flash.running.run import Run
from support.dfu_device import IDS, Port, Ticking
from support.dfu_job import FIRMWARE, flash, opened
from support.dfuse_device import LAYOUT, SIZE, START, DfuSeDevice, prefixed
from support.faults import refused

SUFFIX = Suffix(0xFFFF, IDS[1], IDS[0], 0x011A)
WRITABLE = SIZE - 1024


def dfuse(*elements: tuple[int, bytes], alternate: int = 0, suffix: Suffix = SUFFIX) -> bytes:
    body = prefixed([(alternate, list(elements))])
    return body + make(body, suffix)


@st.composite
def layouts(draw: st.DrawFn) -> list[tuple[int, bytes]]:
    """Elements that do not share a page with each other."""
    found = []
    for base, room in ((0, 1024), (2048, 2048), (4096, 4096), (8192, 4096)):
        if draw(st.booleans()):
            data = draw(st.binary(min_size=1, max_size=min(room, 300)))
            found.append((START + base + draw(st.integers(0, room - len(data))), data))
    return found or [(START, b"x")]


@given(elements=layouts(), transfer_size=st.sampled_from([32, 100, 2048]))
def test_every_element_lies_where_the_file_says(
    tmp_path_factory: pytest.TempPathFactory,
    elements: list[tuple[int, bytes]],
    transfer_size: int,
) -> None:
    device = DfuSeDevice(Ticking(), transfer_size=transfer_size)
    port = Port(device)
    run = flash(tmp_path_factory.mktemp("x"), port, dfuse(*elements), read_back=True)
    for address, data in elements:
        assert device.memory[address - START : address - START + len(data)] == data
    assert len(device.erased) == len(set(device.erased))
    assert run.verification is Verification.READBACK
    assert device.started == elements[0][0]


def test_pages_nobody_writes_keep_what_they_hold(tmp_path: Path) -> None:
    device = DfuSeDevice(Ticking())
    flash(tmp_path, Port(device), dfuse((START + 1024, b"new" * 100)))
    assert device.erased == [START + 1024]
    assert device.memory[:1024] == b"\x5a" * 1024
    assert device.memory[2048:] == b"\x5a" * (SIZE - 2048)


@pytest.mark.parametrize(
    ("partition", "start"),
    [("firmware", 0), ("Internal-Flash", 0), ("alt0", 0), ("0x08001000", 4096)],
)
def test_firmware_without_addresses_goes_where_the_partition_says(
    tmp_path: Path, partition: str, start: int
) -> None:
    device = DfuSeDevice(Ticking())
    flash(tmp_path, Port(device), FIRMWARE, partition=partition, read_back=True)
    assert device.memory[start : start + len(FIRMWARE)] == FIRMWARE
    assert device.started == START + start


@pytest.mark.parametrize(
    ("content", "partition", "code"),
    [
        (bytes(WRITABLE + 1), "firmware", Code.IMAGE_TOO_LARGE),
        (FIRMWARE, "0x08003000", Code.IMAGE_TOO_LARGE),
        (FIRMWARE, "0x09000000", Code.UNKNOWN_PARTITION),
        (dfuse((START + WRITABLE - 1, b"ab")), "firmware", Code.DEVICE_MISMATCH),
        (dfuse((0, b"ab")), "firmware", Code.DEVICE_MISMATCH),
        (dfuse((START, b"ab"), alternate=1), "firmware", Code.DEVICE_MISMATCH),
        (dfuse((START, b"ab"), suffix=SUFFIX._replace(vendor=9)), "alt0", Code.DEVICE_MISMATCH),
        (dfuse((START, b"ab"))[:-17], "firmware", Code.IMAGE_CORRUPT),
        (FIRMWARE + make(FIRMWARE, SUFFIX), "firmware", Code.IMAGE_CORRUPT),
    ],
)
def test_what_does_not_fit_is_refused_before_a_page_is_erased(
    tmp_path: Path, content: bytes, partition: str, code: Code
) -> None:
    device = DfuSeDevice(Ticking())
    port = Port(device)
    run = Run((partition,))
    with refused(code):
        flash(tmp_path, port, content, partition=partition, run=run)
    assert port.requests == []
    assert run.device_state == "untouched"


def test_a_dfuse_file_is_not_for_plain_dfu(tmp_path: Path) -> None:
    with refused(Code.DEVICE_MISMATCH):
        flash(tmp_path, Port(DfuSeDevice(Ticking(), version=0x0110)), dfuse((START, b"ab")))


def test_the_memory_is_told_with_its_size() -> None:
    with opened(DfuSeDevice(Ticking())) as target:
        assert target.describe().partitions == {"Internal-Flash": SIZE}


def test_a_layout_nobody_can_read_is_refused_by_name_and_told_by_number(tmp_path: Path) -> None:
    device = DfuSeDevice(Ticking(), name="@Internal Flash/nowhere")
    with opened(device) as target:
        assert target.describe().partitions == {"Internal-Flash-nowhere": None}
    with refused(Code.PROTOCOL_ERROR):
        flash(tmp_path, Port(device), FIRMWARE)
    assert "0x08000000" in LAYOUT


@pytest.mark.parametrize("at", [0, 31, 749])
def test_one_byte_that_the_memory_lost_fails_the_run(tmp_path: Path, at: int) -> None:
    class Forgetful(DfuSeDevice):
        def give(self, value: int, length: int) -> bytes:
            self.memory[at] = 0
            return super().give(value, length)

    with refused(Code.VERIFY_MISMATCH) as refusal:
        flash(tmp_path, Port(Forgetful(Ticking())), FIRMWARE, read_back=True)
    assert f"byte {START + at:#x} " in (refusal.fault.details or "")


def test_a_memory_that_cannot_be_programmed_says_so(tmp_path: Path) -> None:
    class Worn(DfuSeDevice):
        def _erase(self, address: int) -> None:
            super()._erase(address)
            self.memory[address - START] = 0

    with refused(Code.DEVICE_REFUSED) as refusal:
        flash(tmp_path, Port(Worn(Ticking())), FIRMWARE)
    assert "errPROG" in (refusal.fault.details or "")
