"""A child's tie to the process that started it: when that one is gone, so is the child.

The parent holds the other end of stdin and writes nothing. However it ends, SIGKILL included, the
kernel closes that end, and the child hears of it. Unlike PR_SET_PDEATHSIG this is not about the
*thread* that started the child, and it lets the child say goodbye.
"""

from __future__ import annotations

import os
import signal
import threading
import time

_LAST_WORDS = 10.0  # seconds a child gets to stop in good order


def hold(descriptor: int = 0) -> None:
    """Stop this process, as by SIGTERM, once the other end of a descriptor is closed."""
    # A thread, so that even a process whose event loop hangs does not outlive its parent.
    threading.Thread(target=_wait, args=(descriptor,), name="leash", daemon=True).start()


def _wait(descriptor: int) -> None:
    while os.read(descriptor, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_LAST_WORDS)
    os._exit(1)
