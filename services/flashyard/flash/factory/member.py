"""One file of a bundle, wherever it lies: a name, a size, and its bytes as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, TypeAlias

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.factory.script import MAX_SCRIPT

MAX_FILES = 2_000
WHAT_IT_IS = (
    "A factory image is a ZIP or a directory that you may read. "
    "For a single image say which partition it is for: DEVICES PARTITION IMAGE."
)

Progress = Callable[[int], None]  # is told of so many more bytes; what it raises ends the reading


class Member(Protocol):
    """A file of a bundle; ``name`` has no folders in it, ``size`` is what is claimed, in bytes."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def size(self) -> int:
        """Its bytes, if it is sound."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """Yield its bytes, at most 1 MiB at a time; may be called several times.

        Raises:
            FaultError: `image_corrupt`; `invalid_request`: it cannot be read; `not_supported`,
                `image_too_large` for what is in a zip.
        """
        ...


Members: TypeAlias = Mapping[str, Member]


def content_of(member: Member) -> bytes:
    """Read a script whole.

    Raises:
        FaultError: `image_corrupt`: it is too large to be one; as :meth:`Member.pieces` does.
    """
    content = bytearray()
    for piece in member.pieces():
        content += piece
        if len(content) > MAX_SCRIPT:
            raise refuse(Code.IMAGE_CORRUPT, f"{member.name} is too large.")
    return bytes(content)


def named_twice(name: str) -> FaultError:
    """Make the refusal of a bundle of which it is not clear what a name means."""
    return refuse(Code.IMAGE_CORRUPT, f"The bundle has two files named {name[:200]}.")


def too_many() -> FaultError:
    """Make the refusal of a bundle that is none."""
    return refuse(Code.INVALID_REQUEST, f"A bundle has no more than {MAX_FILES} files.")


def unreadable(name: str, error: OSError) -> FaultError:
    """Make the refusal of what the system does not let us read."""
    return refuse(
        Code.INVALID_REQUEST,
        f"{name} cannot be read: {error.strerror or error}.",
        hint=WHAT_IT_IS,
    )
