"""Every number of the fastboot client in one place: how long it waits, and how much it takes."""

from __future__ import annotations

from dataclasses import dataclass

from flashyard.flash.source import MIB

MAX_COMMAND = 64  # bytes; what every bootloader takes, though the newest take 4096
MAX_RESPONSE = 4096  # bytes; the most any of them sends in one packet
DEFAULT_DOWNLOAD = 64 * MIB  # where a device does not tell its max-download-size
MAX_LINES = 10_000  # INFO and TEXT lines of one answer


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines in seconds, one per kind of wait. Each INFO line restarts the wait it is in.

    Attributes:
        connect: until the transport stands.
        handshake: until the other end's `FB01` is here.
        getvar: until a variable is told.
        question: until an answer to a question is complete, however many lines it has.
        stall: without a byte of a download being taken.
        slowest: bytes/s that a download has to go by on the whole.
        download: until all of it is acknowledged; what sockets hold may still be on its way.
        flash: until a written part is acknowledged, plus its bytes at ``flash_rate`` bytes/s.
        erase: until a partition is erased; user data can take minutes.
        reboot: until `reboot`, `continue` or `set_active` is acknowledged.
        answer: the same for a command that does something.
        resend: before a UDP packet is sent again.
        query_attempts: how often a UDP query is sent.
        attempts: how often any other UDP packet is sent.
    """

    connect: float = 5.0
    handshake: float = 2.0
    getvar: float = 5.0
    question: float = 30.0
    stall: float = 15.0
    slowest: int = 10_000
    download: float = 30.0
    flash: float = 30.0
    flash_rate: int = 10_000_000
    erase: float = 300.0
    reboot: float = 10.0
    answer: float = 1800.0
    resend: float = 0.5
    query_attempts: int = 4
    attempts: int = 120

    def flash_wait(self, size: int) -> float:
        """Tell how long the device may write ``size`` bytes without a word, in seconds."""
        return self.flash + size / self.flash_rate


DEFAULT_LIMITS = Limits()
