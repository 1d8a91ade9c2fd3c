"""Amounts of bytes as people type them: `64M`, `20MB`, `1.5GiB`.

Pure. It knows no setting, and not whether an amount is a size or a rate.
"""

from __future__ import annotations

import re
from fractions import Fraction

_GRAMMAR = re.compile(r"(\d{1,18})(?:\.(\d{1,18}))?\s*([a-z]*)", re.ASCII | re.IGNORECASE)
_PREFIXES = "kmgt"
_FACTORS = {"": 1, "b": 1}
for _power, _prefix in enumerate(_PREFIXES, start=1):
    _FACTORS |= {_prefix: 1024**_power, f"{_prefix}ib": 1024**_power, f"{_prefix}b": 1000**_power}


def parse_quantity(text: str) -> int:
    """Read an amount of bytes.

    `K M G T` and `KiB MiB GiB TiB` count in 1024s, `KB MB GB TB` in 1000s, in either case; a
    fraction is fine where whole bytes come out.

    Raises:
        ValueError: not an amount; the message is a sentence that shows the text.
    """
    match = _GRAMMAR.fullmatch(text.strip())
    factor = _FACTORS.get(match[3].lower()) if match else None
    if match is None or factor is None:
        raise ValueError(f"{text!r} is not an amount of bytes such as 4096, 64M, 20MB or 1GiB.")
    amount = Fraction(f"{match[1]}.{match[2] or 0}") * factor
    if amount.denominator != 1:
        raise ValueError(f"{text!r} is not a whole number of bytes.")
    return int(amount)
