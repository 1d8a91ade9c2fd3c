"""Talking to one device outside a job: is it there, who is it, restart it. One at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeVar

from flashyard.agent.clock import Clock
from flashyard.agent.line import Line
from flashyard.agent.ports import Port
from flashyard.agent.sight import Sight
from flashyard.agent.timing import Timing
from flashyard.contract.faults import Code, Fault, FaultError, refuse
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.opening import open_target
from flashyard.flash.probe import learn, objection, probe
from flashyard.flash.target import Description

_log = logging.getLogger(__name__)
# On USB these are no matter of patience; a drive without a medium is offline, too.
_GONE = frozenset({Code.USB_UNPLUGGED, Code.DEVICE_MISMATCH, Code.DEVICE_OFFLINE})
T = TypeVar("T")


class _Look(NamedTuple):
    """What a look showed; ``description`` is None where nothing new was asked for."""

    description: Description | None
    objection: Fault | None = None


class Watch:
    """Looks at the device of one port; ``line`` is the only way to the device."""

    def __init__(self, port: Port, sight: Sight, clock: Clock, timing: Timing) -> None:
        self.line = Line()
        self._port = port
        self._sight = sight
        self._clock = clock
        self._timing = timing

    async def look(self, *, counts: bool) -> bool:
        """Look once; return whether the device is there. ``counts``: a miss is held against it."""
        was_online = self._sight.online
        try:
            seen = await self._see()
        except FaultError as missed:
            self._sight.missed(missed.fault, counts=counts)
            if missed.fault.code in _GONE:
                self._sight.gone()
            if was_online and not self._sight.online:
                _log.warning("%s is gone: %s", self._port.device_id, missed)
        else:
            self._sight.saw(self._clock.now(), seen.description, seen.objection)
            if not self._port.is_flashable:
                self._sight.lost()
            if not was_online:
                _log.info("%s is there", self._port.device_id)
        return self._sight.answering

    async def restart(self, limits: Limits) -> None:
        """Restart the device; where that does not work it is left as it is."""
        try:
            await self._talk(partial(self._reboot, limits), "restart")
        except FaultError as error:
            _log.warning("the device was to be restarted: %s", error)

    async def _see(self) -> _Look:
        """Ask; what left while it was asked is not there, whatever it answered."""
        seen = await self._talk(self._ask, "look")
        if self._port.is_empty:
            raise refuse(Code.USB_UNPLUGGED)
        return seen

    async def _talk(self, call: Callable[[], T], what: str) -> T:
        if self.line.is_stuck:
            raise refuse(Code.DEVICE_SILENT, "A job that was given up still holds the device.")
        return await self.line.talk(call, f"{what} {self._port.device_id}")

    def _reboot(self, limits: Limits) -> None:
        with open_target(self._port.address, _log.debug, limits) as target:
            target.reboot()

    def _ask(self) -> _Look:
        """Ask whether it is there, and who it is where that may have changed."""
        address, limits = self._port.address, self._timing.probing
        known = self._sight.description
        if not isinstance(address, Address):
            return self._look_at_port(limits)
        if known is None or not self._sight.online:
            return _Look(learn(address, limits))
        serial = probe(address, limits)
        # Over UDP learning would end a session of somebody else's.
        if address.transport == "tcp" and (not self._sight.answering or serial != known.serial):
            return _Look(learn(address, limits))
        return _Look(None)

    def _look_at_port(self, limits: Limits) -> _Look:
        """Ask once: that it is still there is seen without keeping others from it."""
        port = self._port
        if port.is_empty:
            raise refuse(Code.USB_UNPLUGGED)
        if not port.is_flashable or (self._sight.answering and not port.is_disk):
            return _Look(None)
        return _Look(learn(port.address, limits), objection(port.address))
