"""What may come of a device's mishap: which codes are right, over which transport."""

from __future__ import annotations

from flashyard.contract.faults import Code
from flashyard.flash.emulator.mischief import Kind

KINDS = ("fail", "silence", "cut", "short", "garble")

# Asked for and not told is never a reason to give up: what it leads to is told as it is.
_UNTOLD = {
    None,
    Code.DEVICE_REFUSED,
    Code.UNKNOWN_PARTITION,
    Code.INVALID_REQUEST,
    Code.DEVICE_MISMATCH,
    Code.PROTOCOL_ERROR,
    Code.NOT_SUPPORTED,
}
_BROKEN = {
    "tcp": {Code.LINK_LOST},
    "udp": {Code.DEVICE_SILENT, Code.LINK_LOST},  # nobody hears a cable being pulled there
    "usb": {Code.USB_UNPLUGGED},
}


def right_codes(transport: str, command: str, nth: int, kind: str) -> set[Code | None]:
    """The codes a job may end with when this goes wrong once; None: it may end well."""
    if (transport, command, nth) == ("usb", "getvar", 1) and kind != Kind.CUT:
        return {None}  # the question whether it listens: where it does not, it is mended
    match Kind(kind):
        case Kind.FAIL:
            return {*_UNTOLD} if command == "getvar" else {Code.DEVICE_REFUSED}
        case Kind.SILENCE:
            return {Code.DEVICE_SILENT}
        case Kind.CUT:
            return {*_BROKEN[transport]}
        case _:
            return {Code.PROTOCOL_ERROR}
