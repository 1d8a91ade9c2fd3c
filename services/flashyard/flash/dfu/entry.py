"""The way into DFU mode: a device that runs is told to detach, and waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.dfu.control import DFU_MODE, ControlPipe, Request, StallError
from flashyard.flash.dfu.functional import LEAST, Functional
from flashyard.flash.dfu.limits import Clock, Limits

Connect = Callable[[], ControlPipe]
_ON_ITS_WAY = {Code.DEVICE_OFFLINE, Code.USB_UNPLUGGED, Code.LINK_LOST, Code.NOT_ALLOWED}


class Entered(NamedTuple):
    """A device in DFU mode, and the (vendor, product) ids it went by, now and before.

    ``ran``: it was brought there from its own firmware.
    """

    pipe: ControlPipe
    ids: frozenset[tuple[int, int]]
    ran: bool = False


def enter(connect: Connect, limits: Limits, clock: Clock) -> Entered:
    """Open a device in DFU mode; ``connect`` opens whatever is at its port.

    Raises:
        FaultError: what ``connect`` raises; `device_refused`; `device_silent` where it does not
            come back in DFU mode.
    """
    pipe = connect()
    face = pipe.face
    ids = {(face.vendor, face.product_id)}
    if face.protocol == DFU_MODE:
        return Entered(pipe, frozenset(ids))
    try:
        _detach(pipe, limits)
    finally:
        pipe.close()
    pipe = _back(connect, limits, clock)
    ids.add((pipe.face.vendor, pipe.face.product_id))
    return Entered(pipe, frozenset(ids), ran=True)


def _detach(pipe: ControlPipe, limits: Limits) -> None:
    """Follow USB DFU 1.1, section 5.1: it waits for a reset, unless it leaves by itself."""
    functional = Functional.find(pipe.face.functional) or LEAST
    try:
        pipe.write(Request.DETACH, functional.detach_timeout, b"", limits.request)
    except StallError:
        raise refuse(Code.DEVICE_REFUSED, "The device refuses to go into DFU mode.") from None
    except FaultError as error:
        # Some are gone before they have answered.
        if error.fault.code not in {Code.USB_UNPLUGGED, Code.LINK_LOST}:
            raise
        return
    if not functional.will_detach:
        pipe.reset()


def _back(connect: Connect, limits: Limits, clock: Clock) -> ControlPipe:
    end = clock.now() + limits.attach
    while clock.now() < end:
        clock.sleep(limits.look)
        try:
            pipe = connect()
        except FaultError as error:
            if error.fault.code not in _ON_ITS_WAY:
                raise
            continue
        if pipe.face.protocol == DFU_MODE:
            return pipe
        pipe.close()
    raise refuse(
        Code.DEVICE_SILENT,
        "The device did not come back in DFU mode.",
        hint="Put it into its bootloader by hand, then retry.",
    )
