"""A device on paper: whatever it is told, somebody may interfere before, within and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self

from flashyard.flash.source import BLOCK_SIZE, PART_SIZE, Buffers, Kind, Part, Source
from flashyard.flash.target import Bootloader, Capability, Description, Place, Taken, Tell

_PIECE = 3000  # bytes taken at once; no divisor of anything


class PaperImage:
    """Bytes, cut into raw parts."""

    kind = Kind.RAW

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = self.expanded_size = self.content_size = len(data)

    def count(self, limit: int, *, part_size: int = PART_SIZE, block_size: int = BLOCK_SIZE) -> int:
        return len(list(self.parts(limit, part_size=part_size, block_size=block_size)))

    def parts(
        self,
        limit: int,
        *,
        part_size: int = PART_SIZE,
        block_size: int = BLOCK_SIZE,  # noqa: ARG002 - the protocol's
    ) -> Iterator[Part]:
        size = min(limit, part_size)
        for start in range(0, self.size, size):
            yield _part(self.data[start : start + size])


def _part(data: bytes) -> Part:
    def buffers() -> Buffers:
        yield data, len(data)

    return Part(len(data), len(data), sparse=False, buffers=buffers)


class PaperPhone:
    """What outlives every session: ``content`` by place, ``wire`` bytes it was ever sent.

    One that writes what it is sent at once has a single place, `disk`.

    Args:
        capabilities: what it can do.
        interfere: is called at each moment; what it raises comes out of the call.
    """

    def __init__(self, capabilities: frozenset[Capability], interfere: Callable[[], None]) -> None:
        self.capabilities = capabilities
        self.interfere = interfere
        self.content: dict[str, bytearray] = {}
        self.wire = 0
        self.active = "a"
        self.restarts = 0

    def open(self, _tell: Tell) -> PaperSession:
        self.interfere()
        return PaperSession(self)


class PaperSession:
    """One open :class:`PaperPhone`, a `Target`."""

    bootloader: Bootloader | None = None

    def __init__(self, phone: PaperPhone) -> None:
        self._phone = phone
        self._staged = b""
        self._offsets: dict[str, int] = {}  # of the next part, by place
        self.capabilities = phone.capabilities

    def describe(self) -> Description:
        self._phone.interfere()
        slots = ("a", "b")
        return Description(
            "paper", "PAPER_1", "fastboot", 1 << 20, slots=slots, current_slot=self._phone.active
        )

    def locate(self, partition: str, slot: str | None) -> Place:
        if Capability.WRITES_AS_SENT in self.capabilities:
            return Place("disk", None)
        return Place(f"{partition}_{slot or self._phone.active}", None)

    def admit(self, place: Place, source: Source) -> None:
        pass

    def try_reading(self, _place: Place) -> None:
        self._phone.interfere()

    def erase(self, place: Place) -> None:
        self._phone.interfere()
        self._phone.content[place.name] = bytearray()
        self._phone.interfere()

    def resize(self, place: Place, size: int) -> None:
        raise NotImplementedError

    def take_up(self, place: Place, parts: Iterator[Part]) -> None:
        self._phone.interfere()
        self._offsets[place.name] = sum(part.content for part in parts)

    def send(self, part: Part) -> Iterator[Taken]:
        data = b"".join(bytes(view) for view, _ in part.buffers())
        self._staged = b""
        for start in range(0, len(data), _PIECE):
            self._phone.interfere()
            piece = data[start : start + _PIECE]
            self._staged += piece
            self._phone.wire += len(piece)
            if Capability.WRITES_AS_SENT in self.capabilities:
                self._put("disk", self._offsets.get("disk", 0) + start, piece)
            yield Taken(len(piece), len(piece))

    def commit(self, place: Place, part: Part) -> None:
        self._phone.interfere()
        offset = self._offsets.get(place.name, 0)
        if Capability.WRITES_AS_SENT not in self.capabilities:
            self._put(place.name, offset, self._staged)
        self._offsets[place.name] = offset + part.content
        self._phone.interfere()

    def sync(self, _place: Place) -> None:
        self._phone.interfere()

    def compare(self, _place: Place, part: Part) -> Iterator[Taken]:
        self._phone.interfere()
        yield Taken(0, part.content)

    def set_active(self, slot: str) -> None:
        self._phone.interfere()
        self._phone.active = slot
        self._phone.interfere()

    def reboot(self) -> None:
        self._phone.interfere()
        self._phone.restarts += 1
        self._phone.interfere()

    def close(self) -> None:
        pass

    def _put(self, name: str, offset: int, data: bytes) -> None:
        there = self._phone.content.setdefault(name, bytearray())
        there[offset : offset + len(data)] = data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
