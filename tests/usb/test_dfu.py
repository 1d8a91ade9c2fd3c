"""A DFU device on a real bus, written and read by dfu-util and by our target in turn."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.guest.dfu import PRODUCT
from support.guest.guest import MEMORY, Guest
from support.guest.plugged import listed, served

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]  # the first one waits for the boot

SIZE = 9000  # not a whole number of blocks, nor of a DfuSe device's pages
HELD = MEMORY / "held"
# What plain DFU needs no word of: where to, and how much of the memory.
ADDRESS = {"plain": "", "dfuse": f"--dfuse-address 0x08000000:{SIZE}"}


@pytest.fixture(scope="module", params=["plain", "dfuse"])
def kind(guest: Guest, request: pytest.FixtureRequest) -> Iterator[str]:
    """One kind of device after the other, on the bus."""
    kind = str(request.param)
    with served(guest, "support.guest.dfu", kind, "--held", HELD):
        yield kind


@pytest.fixture(scope="module")
def firmware(guest: Guest) -> list[Path]:
    """Two images in the guest's memory; neither says which device it is for."""
    for number in range(2):
        content = random.Random(number).randbytes(SIZE)
        guest.share.joinpath(f"firmware-{number}").write_bytes(content)
    guest.told(f"cp {guest.share}/firmware-? {MEMORY}")
    return [MEMORY / f"firmware-{number}" for number in range(2)]


def ours(guest: Guest, verb: str, image: Path) -> Any:
    place = Path(listed(guest, PRODUCT)).name
    program = guest.start_module("support.guest.target", verb, "dfu", place, "firmware", image)
    return json.loads(program.wait(60.0).out)


def test_what_the_reference_tool_writes_is_what_we_read(
    guest: Guest, kind: str, firmware: list[Path]
) -> None:
    listed(guest, PRODUCT)
    guest.told(f"dfu-util {ADDRESS[kind]} --download {firmware[0]}")
    guest.told(f"cmp --bytes {SIZE} {firmware[0]} {HELD}")
    assert ours(guest, "compare", firmware[0]) == {"verification": "readback"}
    assert ours(guest, "compare", firmware[1]) == {"code": "verify_mismatch"}


def test_what_we_write_is_what_the_reference_tool_reads(
    guest: Guest, kind: str, firmware: list[Path]
) -> None:
    assert ours(guest, "write", firmware[1]) == {
        "verification": "readback",
        "state": "firmware verified, device restarted",
    }
    uploaded = MEMORY / f"uploaded-{kind}"
    # It has just restarted: it may still be on its way out, or not be back yet.
    upload = f"rm -f {uploaded}; dfu-util {ADDRESS[kind]} --upload {uploaded}"
    guest.told(f"for try in $(seq 20); do ({upload}) && break; sleep 0.5; done")
    guest.told(f"cmp {firmware[1]} {uploaded}")
    guest.told(f"cmp --bytes {SIZE} {firmware[1]} {HELD}")
