"""What a DFU device answers to GETSTATUS. Follows USB DFU 1.1, section 6.1.2 and annex A."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple, Self

from flashyard.contract.faults import Code, FaultError, refuse

SIZE = 6
_FIELDS = struct.Struct("<BHBBB")


class State(IntEnum):
    """The states of annex A, by the names they have there."""

    APP_IDLE = 0
    APP_DETACH = 1
    IDLE = 2
    DNLOAD_SYNC = 3
    DNBUSY = 4
    DNLOAD_IDLE = 5
    MANIFEST_SYNC = 6
    MANIFEST = 7
    MANIFEST_WAIT_RESET = 8
    UPLOAD_IDLE = 9
    ERROR = 10


# bStatus, by its number.
_CONDITIONS = (
    "OK",
    "errTARGET: the file is not for this device",
    "errFILE: the file fails a check of the device's own",
    "errWRITE: memory could not be written",
    "errERASE: memory could not be erased",
    "errCHECK_ERASED: memory is not empty after it was erased",
    "errPROG: memory could not be programmed",
    "errVERIFY: memory does not hold what was programmed",
    "errADDRESS: the address is out of range",
    "errNOTDONE: the firmware ended too early",
    "errFIRMWARE: the device's firmware is damaged",
    "errVENDOR: an error of the vendor's own",
    "errUSBR: an unexpected USB reset",
    "errPOR: an unexpected power-on reset",
    "errUNKNOWN: something went wrong",
    "errSTALLEDPKT: an unexpected request",
)


class Status(NamedTuple):
    """``condition``: bStatus; ``poll``: seconds to wait before the next question."""

    condition: int
    poll: float
    state: State

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Decode an answer.

        Raises:
            FaultError: `protocol_error` where it is too short or of no known state.
        """
        if len(data) < SIZE:
            raise _odd(data)
        condition, low, high, state, _ = _FIELDS.unpack_from(data)
        try:
            return cls(condition, (low | high << 16) / 1000, State(state))
        except ValueError:
            raise _odd(data) from None

    @property
    def refusal(self) -> FaultError:
        """The device's error as a fault of ours, to be raised at once."""
        known = self.condition < len(_CONDITIONS)
        told = _CONDITIONS[self.condition] if known else f"status {self.condition}"
        return refuse(Code.DEVICE_REFUSED, details=told)


def _odd(data: bytes) -> FaultError:
    return refuse(Code.PROTOCOL_ERROR, details=f"status {data[:64].hex(' ')}")
