"""A journal as a hub of version 1 left it that was killed: a real one, to be taken over.

Of device DEVICE_1: a job had ended; one was writing, two of its parts were there; one waited, and
one was on hold.
"""

from __future__ import annotations

import gzip
from pathlib import Path

ENDED, RUNNING, WAITING, HELD = (f"job_1703001234_{number:06d}" for number in (2, 4, 6, 8))
PART_SIZE = 1 << 20
SIZE = 6 << 20  # of the one that ran

_PACKED = Path(__file__).parent / "journals" / "killed_v1"


def lay_down(path: Path) -> None:
    """Unpack it: the file and what SQLite keeps beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for packed in _PACKED.iterdir():
        part = path.with_name(packed.stem.replace("journal.db", path.name))
        part.write_bytes(gzip.decompress(packed.read_bytes()))
