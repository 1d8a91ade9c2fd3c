from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.dfu.functional import LEAST, Functional
from support.faults import refused
from support.mutation import faults_of

ST = bytes.fromhex("09 21 0b ff00 0008 1a01")
OTHER = bytes.fromhex("05 24 00 10 01")


def test_a_boot_rom_s_descriptor_is_read() -> None:
    found = found_in(ST)
    assert (found.can_download, found.can_upload, found.is_tolerant, found.will_detach) == (
        True,
        True,
        False,
        True,
    )
    assert (found.detach_timeout, found.transfer_size, found.is_dfuse) == (255, 2048, True)


def test_other_descriptors_are_stepped_over() -> None:
    assert Functional.find(OTHER + ST) == Functional.find(ST)


def test_the_older_one_has_no_version() -> None:
    found = found_in(bytes([7]) + ST[1:7])
    assert (found.version, found.transfer_size, found.is_dfuse) == (0x0100, 2048, False)


@pytest.mark.parametrize(("told", "meant"), [(0xFFFF, 1024), (0, 64), (1, 1), (4096, 4096)])
def test_a_size_no_device_means_is_replaced(told: int, meant: int) -> None:
    data = ST[:5] + told.to_bytes(2, "little") + ST[7:]
    assert found_in(data).transfer_size == meant


@pytest.mark.parametrize("data", [b"", OTHER])
def test_a_device_may_have_none(data: bytes) -> None:
    assert Functional.find(data) is None
    assert LEAST.can_download
    assert not LEAST.can_upload


def found_in(data: bytes) -> Functional:
    found = Functional.find(data)
    assert found is not None
    return found


@pytest.mark.parametrize("data", [b"\0", b"\1\x21", b"\x09\x21\x0b", OTHER + b"\xff"])
def test_descriptors_that_do_not_follow_each_other_are_refused(data: bytes) -> None:
    with refused(Code.PROTOCOL_ERROR):
        Functional.find(data)


@given(st.integers())
def test_damage_is_a_fault_and_never_a_traceback(seed: int) -> None:
    faults_of(Functional.find, OTHER + ST, seed, 5, Code.PROTOCOL_ERROR)
