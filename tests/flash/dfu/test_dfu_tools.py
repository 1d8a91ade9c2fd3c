"""The suffix held against dfu-util's own tool: each reads what the other made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.flash.dfu.suffix import Suffix, make, parse

# The tool knows three versions only, and takes 0xFFFF for "any".
IDS = st.integers(0, 0xFFFF)


def tool(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["dfu-suffix", *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@settings(max_examples=15)
@given(firmware=st.binary(min_size=1, max_size=200), ids=st.tuples(IDS, IDS, IDS))
def test_the_reference_tool_accepts_our_suffix(
    tmp_path_factory: pytest.TempPathFactory, firmware: bytes, ids: tuple[int, int, int]
) -> None:
    path = tmp_path_factory.mktemp("x") / "firmware"
    path.write_bytes(firmware + make(firmware, Suffix(*ids, 0x0100)))
    said = tool("-c", path)
    release, product, vendor = ids
    for name, number in (("BCD device", release), ("Product ID", product), ("Vendor ID", vendor)):
        assert f"{name}:\t0x{number:04X}" in said
    tool("-D", path)
    assert path.read_bytes() == firmware


@settings(max_examples=15)
@given(firmware=st.binary(min_size=1, max_size=200), ids=st.tuples(IDS, IDS, IDS))
def test_we_accept_the_reference_tool_s_suffix(
    tmp_path_factory: pytest.TempPathFactory, firmware: bytes, ids: tuple[int, int, int]
) -> None:
    release, product, vendor = ids
    path = tmp_path_factory.mktemp("x") / "firmware"
    path.write_bytes(firmware)
    tool("-a", path, "-d", f"{release:#x}", "-p", f"{product:#x}", "-v", f"{vendor:#x}")
    assert parse(path.read_bytes()) == Suffix(release, product, vendor, 0x0100)
