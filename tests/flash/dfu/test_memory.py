from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.dfu.memory import Layout, Pages, parse
from support.faults import refused
from support.mutation import faults_of

STM32 = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"
TWO = "@Flash/0x0/2*4 a,1*8Bg/0x10000000/3*1Mg"


def read(data: bytes) -> Layout:
    return parse(data.decode("latin-1"))


def test_a_microcontroller_s_flash_is_laid_out() -> None:
    layout = parse(STM32)
    assert layout.name == "Internal Flash"
    assert [(each.address, each.size, each.number) for each in layout.pages] == [
        (0x08000000, 16 << 10, 4),
        (0x08010000, 64 << 10, 1),
        (0x08020000, 128 << 10, 7),
    ]
    assert layout.size == 1 << 20


def test_several_regions_have_addresses_of_their_own() -> None:
    assert parse(TWO).pages == (
        Pages(0, 4, 2, 1),
        Pages(8, 8, 1, 7),
        Pages(0x10000000, 1 << 20, 3, 7),
    )


@pytest.mark.parametrize(
    ("letter", "may"),
    [("a", "r"), ("b", "e"), ("c", "re"), ("d", "w"), ("e", "rw"), ("f", "ew"), ("g", "rew")],
)
def test_a_letter_says_what_may_be_done(letter: str, may: str) -> None:
    (pages,) = parse(f"@X/0x10/1*16 {letter}").pages
    told = (pages.is_readable, pages.is_erasable, pages.is_writable)
    assert told == ("r" in may, "e" in may, "w" in may)


@given(start=st.integers(0, (1 << 20) - 1), length=st.integers(1, 300_000))
def test_the_pages_a_range_touches_cover_it_and_no_more(start: int, length: int) -> None:
    layout = parse(STM32)
    base = 0x08000000
    end = min(start + length, 1 << 20)
    pages = list(layout.touched(base + start, base + end))
    assert pages == sorted(set(pages))
    assert pages[0] <= base + start
    sizes = [each.size for page in pages if (each := layout.at(page)) is not None]
    assert pages[0] + sum(sizes) >= base + end
    assert pages[-1] < base + end
    assert all(each is not None for each in layout.within(base + start, base + end))


def test_a_gap_is_seen() -> None:
    layout = parse(TWO)
    assert list(layout.within(8, 32))[-1] is None
    assert layout.at(16) is None
    assert list(layout.touched(0, 64)) == [8]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Internal Flash",
        "@Flash",
        "@Flash/0x0",
        "@Flash/0/1*1Kg",
        "@Flash/0x0/",
        "@Flash/0x0/0*1Kg",
        "@Flash/0x0/1*0Kg",
        "@Flash/0x0/1*1Gg",
        "@Flash/0x0/1*1K",
        "@Flash/0xFFFFFFFF/2*1Kg",
        "@Flash/0x0/99999*99999Mg",
        "@Flash/0x0/1*1Kg," * 100,
        "@" + "9" * 5000,
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(text: str) -> None:
    with refused(Code.PROTOCOL_ERROR):
        parse(text)


@given(st.integers())
def test_damage_is_a_fault_and_never_a_traceback(seed: int) -> None:
    faults_of(read, STM32.encode(), seed, 5, Code.PROTOCOL_ERROR)
