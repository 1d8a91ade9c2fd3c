"""The keyboard of a terminal: what it echoes while a picture is drawn."""

from __future__ import annotations

import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager

_LOCAL_MODES = 3  # the index in what tcgetattr returns


@contextmanager
def without_echoed_keys() -> Iterator[None]:
    """Have Ctrl-C and its like leave no `^C` behind while inside; elsewhere do nothing."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    quiet = list(before)
    quiet[_LOCAL_MODES] &= ~termios.ECHOCTL
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
