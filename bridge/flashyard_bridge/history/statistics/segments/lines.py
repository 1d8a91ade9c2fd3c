"""Many short texts in one, on a line each: so they are kept, and looked through unread."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_END = ord("\n")
_MARKS = {"\\": r"\\", "\n": r"\n", "\x00": r"\0"}
_MEANT = {mark: text for text, mark in _MARKS.items()}
_NONE = r"\-"
_MARK = re.compile(r"\\.")
_MARKED = re.compile(r"[\\\n\x00]")


def lines_of(texts: Iterable[str | None]) -> bytes:
    """Write texts that :func:`texts_of` reads."""
    return "\n".join(_NONE if text is None else _marked(text) for text in texts).encode()


def texts_of(lines: bytes) -> Sequence[str | None]:
    """Read texts."""
    said = lines.decode().split("\n")
    if b"\\" not in lines:
        return said
    return [_meant(text) if "\\" in text else text for text in said]


def plain_lines_of(texts: Iterable[str]) -> bytes:
    """Write texts that words are looked for in, none of which has a gap in it."""
    return "\n".join(text.replace("\n", " ") for text in texts).encode()


def mentioning(lines: bytes, word: bytes) -> NDArray[np.bool_]:
    """Tell of each line whether a word is in it."""
    found = np.zeros(lines.count(b"\n") + 1, np.bool_)
    if word in lines:
        ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == _END)
        found[np.searchsorted(ends, _places(lines, word))] = True
    return found


def _places(lines: bytes, word: bytes) -> NDArray[np.intp]:
    """Tell where a word begins."""
    text = np.frombuffer(lines, np.uint8)
    many = len(text) - len(word) + 1
    begins = text[:many] == word[0]
    for at, letter in enumerate(word[1:], start=1):
        begins &= text[at : at + many] == letter
    return np.flatnonzero(begins)


def _marked(text: str) -> str:
    return _MARKED.sub(lambda found: _MARKS[found[0]], text)


def _meant(text: str) -> str | None:
    return None if text == _NONE else _MARK.sub(lambda found: _MEANT[found[0]], text)
