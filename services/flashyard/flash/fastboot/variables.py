"""What a bootloader's variables mean: numbers, yes and no, and the table `getvar:all` prints.

Bootloaders disagree on how to write all three; it refuses to know how the answers came here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEX = re.compile(r"0[xX]([0-9a-fA-F]+)|(?=.*[a-fA-F])([0-9a-fA-F]+)")
_DECIMAL = re.compile(r"[0-9]+")
# Variables that are told of one thing each: `partition-size:boot`. Every other name has no colon.
_OF_A_THING = re.compile(r"(has-slot|is-logical|partition-[a-z]+|slot-[a-z-]+):([^:\s]+)")


def number(text: str | None) -> int | None:
    """Read a number of bytes or millivolts; None where there is none to read.

    `0x…` is hex and bare digits are decimal, which is how AOSP reads them and the smaller of the
    two readings; bare digits with a to f among them can only be hex.
    """
    word = (text or "").strip()
    if _DECIMAL.fullmatch(word):
        return int(word)
    match = _HEX.fullmatch(word)
    return int(match[1] or match[2], 16) if match else None


def flag(text: str | None) -> bool | None:
    """Read a yes or no; None where it is neither."""
    return {"yes": True, "true": True, "no": False, "false": False}.get(
        (text or "").strip().lower()
    )


def slot_letter(text: str | None) -> str | None:
    """Read a slot's letter, which some write as `_a`; None where it is none."""
    letter = (text or "").strip().removeprefix("_").lower()
    return letter if len(letter) == 1 and "a" <= letter <= "z" else None


def table(lines: Iterable[str]) -> dict[str, str]:
    """Read the lines of `getvar:all`, each `name: value` or `name:thing: value`."""
    variables = {}
    for line in lines:
        words = line.strip().removeprefix("(bootloader)").strip()
        thing = _OF_A_THING.match(words)
        end = thing.end() if thing else words.find(":")
        if end > 0 and words[end : end + 1] == ":":
            variables[words[:end].strip()] = words[end + 1 :].strip()
    return variables
