"""A device that answers from a list, whatever is in it: lines of `COMMAND=ANSWER`, as bytes."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Self

from flashyard.contract.faults import Code, refuse
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.images.generated import Generated
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write

_SOURCE = Generated("answers", 30_000)
_RECIPE = Recipe(steps=(Step("system", _SOURCE),), erase=True, slot="b", part_size=20_000)
_LEAST = 4096  # bytes that a device of these would take: less, and it would be parts without end
_END = b"\n"

ANSWERS = [
    _END.join(
        [
            b"getvar:product=OKAYodd",
            b"getvar:slot-count=OKAY2",
            b"getvar:current-slot=OKAY_a",
            b"getvar:has-slot:system=OKAYyes",
            b"getvar:max-download-size=OKAY 0x5000",
            b"getvar:partition-size:system_b=OKAY0x100000",
            b"getvar:is-logical:system_b=OKAY" + logical,
            b"getvar:battery-voltage=OKAY4000mV",
            b"getvar:battery-soc-ok=OKAYyes",
            b"getvar:unlocked=OKAYyes",
            b"getvar:all=INFOpartition-size:boot_a: 0x1000",
            b"getvar:all=INFO(bootloader) partition-size:system_b:0x100000",
            b"getvar:all=TEXTslot-count:2",
            b"getvar:all=OKAY",
            b"resize-logical-partition:system_b:30000=OKAY",
            b"erase:system_b=OKAY",
            b"download:=DATA%08x",
            b"data=INFOgot it",
            b"data=OKAY",
            b"flash:system_b=INFOwriting",
            b"flash:system_b=OKAY",
            b"set_active:b=OKAY",
            b"reboot=OKAY\0\0",
        ]
    )
    for logical in (b"no", b"yes")
]


class Answering:
    """Meets a transport. A list that has nothing to say to a command is a FAIL."""

    breaks_off = True

    def __init__(self, listed: bytes) -> None:
        self._answers: dict[bytes, list[bytes]] = {}
        for line in listed.split(_END):
            command, _, answer = line.partition(b"=")
            self._answers.setdefault(command, []).append(answer)
        self._due: deque[bytes] = deque()
        self._left = 0

    def send(self, packet: bytes, wait: float) -> None:
        assert 0 < len(packet) <= 64
        assert wait > 0
        answers = self._answers.get(packet, [b"FAILunknown"])
        if packet.startswith(b"download:"):
            self._left = int(packet[9:], 16)
            agreed = b"DATA%08x" % self._left
            listed = self._answers.get(b"download:", [])
            answers = [answer.replace(b"DATA%08x", agreed) for answer in listed]
        self._due = deque(answers)

    def receive(self, wait: float) -> bytes:
        assert wait > 0
        if not self._due:
            raise refuse(Code.DEVICE_SILENT)
        return self._due.popleft()

    def open_data(self, size: int, wait: float) -> None:
        assert wait > 0
        assert size == self._left

    def push(self, data: memoryview, wait: float) -> int:
        assert wait > 0
        self._left -= len(data)
        assert self._left >= 0
        if not self._left:
            self._due.extend(self._answers.get(b"data", []))
        return len(data)

    def pull(self, into: memoryview, wait: float) -> int:
        raise AssertionError(f"{len(into)} bytes are pulled of a device that has no fetch, {wait}")

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def answered(listed: bytes, _directory: Path, done: str) -> str:
    """Do a whole job on such a device; every byte must have been sent where it ends well."""
    run = Run(("system",))
    transport = Answering(listed)
    write(lambda tell: FastbootTarget(transport, tell), _RECIPE, run)
    assert run.content == _SOURCE.content_size
    return done
