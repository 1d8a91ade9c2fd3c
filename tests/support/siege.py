"""A parser under siege: thousands of damaged inputs, each a fault or rightly read, within bounds.

`python -m support.siege SUBJECT SEED [COUNT]` does it in a process of its own, whose memory has a
limit and which is ended where one input takes too long; that is also how a seed is tried again.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic

from flashyard.contract.faults import Code, FaultError
from support.mutation import Field, mutant
from support.proc import most_held

# Bytes of address space beyond what the imports took; xz and zstd may ask for 128 MiB themselves.
_ROOM = 448 << 20
_PATIENCE = 60  # seconds for one input; it is a watchdog, and no claim
_LONGEST = 1000  # characters of a fault's details


@dataclass(frozen=True)
class Subject:
    """What is besieged.

    Attributes:
        read: reads an input as the product does, with a directory for files; says in a word what
            came of it, and asserts that it is right. A refusal may be raised.
        sound: inputs that are read.
        codes: the only ones a refusal may have.
        fields: where the numbers stand that are believed.
        seal: makes the checksums of a damaged input right again, so that it gets further.
    """

    read: Callable[[bytes, Path], str]
    sound: Sequence[bytes]
    codes: frozenset[Code]
    fields: Sequence[Field] = ()
    seal: Callable[[bytes], bytes] | None = None

    def input(self, seed: int) -> bytes:
        """Make the input of a seed."""
        noise = Random(seed)
        damaged = mutant(noise, self.sound, self.fields)
        return self.seal(damaged) if self.seal and noise.random() < 0.5 else damaged


@dataclass
class Siege:
    """How it went: what came of the inputs; the slowest, in seconds, with its seed; most memory."""

    came: Counter[str]
    slowest: float = 0.0
    slowest_seed: int = 0
    resident: int = 0


def besiege(
    subject: Subject, directory: Path, seeds: range, begin: Callable[[int], object] = int
) -> Siege:
    """Have every input read; an AssertionError or anything that is no fault names its seed.

    ``begin`` is told of each seed before its turn.
    """
    siege = Siege(Counter())
    for seed in seeds:
        begin(seed)
        began = monotonic()
        try:
            siege.came[_outcome(subject, directory, seed)] += 1
        except BaseException as failure:
            failure.add_note(f"seed {seed}")
            raise
        if (took := monotonic() - began) > siege.slowest:
            siege.slowest, siege.slowest_seed = took, seed
    return siege


def _outcome(subject: Subject, directory: Path, seed: int) -> str:
    try:
        return subject.read(subject.input(seed), directory)
    except FaultError as refusal:
        fault = refusal.fault
    assert fault.code in subject.codes, fault
    assert len(fault.details or "") <= _LONGEST
    return fault.code.value


def besiege_apart(name: str, count: int, start: int = 0) -> Siege:
    """Besiege a known subject in a process with limits; fails with its last words and the seed."""
    done = subprocess.run(
        [sys.executable, "-m", "support.siege", name, str(start), str(count)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.returncode == 0, f"{name}: {done.stderr[-4000:]}"
    told = json.loads(done.stdout)
    return Siege(Counter(told["came"]), told["slowest"], told["seed"], told["resident"])


def main(name: str, start: int, count: int) -> None:
    from support.subjects import SUBJECTS  # noqa: PLC0415 - what is measured is what it takes

    subject = SUBJECTS[name]
    subject.input(start)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + _ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def begin(seed: int) -> None:
        faulthandler.dump_traceback_later(_PATIENCE, exit=True)
        os.pwrite(status, f"seed {seed:<20}".encode(), 0)

    # What is expanded is synced, and a disk that is waited for tells nothing of a parser.
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        status = os.open(Path(folder) / "status", os.O_RDWR | os.O_CREAT)
        siege = besiege(subject, Path(folder), range(start, start + count), begin)
    faulthandler.cancel_dump_traceback_later()
    told = {
        "came": siege.came,
        "slowest": siege.slowest,
        "seed": siege.slowest_seed,
        "resident": most_held("self"),  # `getrusage` includes whoever started us
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int((*sys.argv, "1")[3]))
