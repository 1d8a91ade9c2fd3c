"""Which ended jobs are asked for: what each has or has not, when it ended, what it mentions. Pure.

It knows neither a request nor a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

FOREVER = 2**53 - 1  # Unix ms; nothing ends then

Place = tuple[int, str]
"""Where a job stands among all: when it ended, Unix ms, and its id where several ended then."""


class Trait(NamedTuple):
    """Something that a job has or has not, such as its status ``failed``."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """None, and no words, do not narrow it. ``partition``, ``image``: of any step.

    ``since`` is meant, too, ``until`` is not; both are Unix ms. ``words``: see `words_of`.
    """

    device_id: str | None = None
    serial: str | None = None
    hub_id: str | None = None
    port: str | None = None
    status: str | None = None
    code: str | None = None
    partition: str | None = None
    image: str | None = None
    since: int = 0
    until: int = FOREVER
    words: tuple[str, ...] = ()

    @property
    def traits(self) -> tuple[Trait, ...]:
        """What each of them must have; the fewer jobs are likely to have it the earlier."""
        asked = {
            "device": self.device_id,
            "serial": self.serial,
            "image": self.image,
            "port": self.port,
            "code": self.code,
            "partition": self.partition,
            "hub": self.hub_id,
            "status": self.status,
        }
        return tuple(Trait(kind, value) for kind, value in asked.items() if value is not None)


def words_of(question: str) -> tuple[str, ...]:
    """Take a question apart: a job is meant that mentions all of its words, in any case."""
    words = sorted(set(plain(question).split()), key=lambda word: (-len(word), word))
    return tuple(
        word
        for number, word in enumerate(words)
        if not any(word in longer for longer in words[:number])
    )


def plain(said: str) -> str:
    """Make two texts equal that differ in case alone."""
    return storable(said).casefold()


def storable(said: str) -> str:
    """Write a text as every database keeps it: PostgreSQL keeps no NUL."""
    return said.replace("\x00", "\N{REPLACEMENT CHARACTER}")
