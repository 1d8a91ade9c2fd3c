"""How fastboot packets travel: what a transport can do, where it leads, and how it breaks.

It moves packets and bytes; it refuses to know what they say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from flashyard.contract.faults import Code, refuse

DEFAULT_PORT = 5554


@dataclass(frozen=True, slots=True)
class Address:
    """Where a network fastboot device listens; prints as AOSP's `-s` takes it."""

    transport: Literal["tcp", "udp"]
    host: str
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}:{host}:{self.port}"


class Transport(Protocol):
    """One open way to one device: commands out, answers in, a download's bytes out.

    Every call waits no longer than its ``wait`` (seconds). All raise `link_lost` where the link
    broke, `device_silent` where the wait ran out, `protocol_error` where framing was violated.
    A transport that raised is good for nothing but :meth:`close`.
    """

    @property
    def breaks_off(self) -> bool:
        """Does closing it end a data phase, or does the device then still wait for data?"""

    def send(self, packet: bytes, wait: float) -> None:
        """Send one command."""

    def receive(self, wait: float) -> bytes:
        """Receive one response packet, at most 4096 bytes."""

    def open_data(self, size: int, wait: float) -> None:
        """Begin a data phase of exactly ``size`` bytes, which :meth:`push` then fills."""

    def push(self, data: memoryview, wait: float) -> int:
        """Hand over bytes of the data phase; return how many were taken, at least one."""

    def pull(self, into: memoryview, wait: float) -> int:
        """Take bytes of a data phase towards us; return how many came, at least one."""

    def close(self) -> None:
        """Let go of the device; never raises."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(self, *exc_info: object) -> None:
        """Close."""


@contextmanager
def told_as_faults(doing: str, address: Address) -> Iterator[None]:
    """Translate what sockets raise into faults; ``doing`` is what we were at.

    Raises:
        FaultError: `device_silent` for our own deadline, `link_lost` for anything else.
    """
    try:
        yield
    except (OSError, UnicodeError) as broken:  # UnicodeError: a host name no resolver takes
        # Our deadline has no errno; the kernel giving up on the peer (ETIMEDOUT) has one.
        if isinstance(broken, TimeoutError) and broken.errno is None:
            raise refuse(
                Code.DEVICE_SILENT, f"No word from the device at {address} while {doing}."
            ) from broken
        raise refuse(
            Code.LINK_LOST,
            f"The connection to {address} broke while {doing}.",
            details=str(broken),
        ) from broken
