"""Which agent looks after what is plugged in: devices get their names, and their agents the news.

Stations that are not ours do not exist here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from flashyard.agent.device import DeviceAgent
from flashyard.agent.ports import Port
from flashyard.agent.threads import in_thread
from flashyard.contract.records import Device
from flashyard.flash.fastboot.usb import UsbAddress
from flashyard.flash.ports.lookout import Lookout
from flashyard.flash.ports.modes import classify
from flashyard.flash.ports.monitor import Monitor
from flashyard.flash.ports.names import Names
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.ports.policy import PortPolicy
from flashyard.flash.ports.settling import Change
from flashyard.flash.usb.host import UsbHost

_log = logging.getLogger(__name__)

_MOST_ABSENT = 256  # devices that are kept in mind while they are not there
_LETS_GO = 2.0  # seconds; what the thread that looks may take to end
_UNKNOWN = "unknown"


class Hotplug:
    """The USB side of a hub.

    Args:
        host: the USB of this host.
        policy: which stations are ours.
        names: what devices are called.
        agents: all of the hub's, by device id.
        add: has the hub take on a device.
        drop: has it forget one.

    Attributes:
        looked: set once everything was seen that had been there before.
    """

    def __init__(
        self,
        host: UsbHost,
        policy: PortPolicy,
        names: Names,
        agents: dict[str, DeviceAgent],
        *,
        add: Callable[[Port], DeviceAgent],
        drop: Callable[[str], None],
    ) -> None:
        self.looked = asyncio.Event()
        self._host = host
        self._policy = policy
        self._names = names
        self._agents = agents
        self._add = add
        self._drop = drop
        self._at: dict[str, DeviceAgent] = {}  # by station, where something of ours is

    async def run(self) -> None:
        """Take the news until cancelled."""
        self._names.load()
        with Monitor() as monitor:
            lookout = Lookout(self._host.sysfs, monitor)
            while True:
                looking = asyncio.create_task(in_thread(lookout.changes, "usb"), name="usb")
                try:
                    changes = await asyncio.shield(looking)
                except asyncio.CancelledError:
                    lookout.end()
                    await asyncio.wait({looking}, timeout=_LETS_GO)
                    raise
                self._take(changes or [])
                self.looked.set()

    def remember(self, device: Device) -> None:
        """Keep a device in mind that an earlier run of the hub knew, and that is not there now."""
        address = UsbAddress(self._host, "", device.port or "", None)
        self._add(Port(device.device_id, address))

    def _take(self, changes: Iterable[Change]) -> None:
        changes = list(changes)
        for change in changes:  # first what goes: two devices may have changed places
            agent = self._at.pop(change.station, None)
            if agent is not None and not self._stays(agent, change):
                _log.info("%s is plugged out", agent.device_id)
                agent.plugged_out()
        for change in changes:
            if change.after is not None:
                self._arrive(change.after)
        self._forget()

    def _stays(self, agent: DeviceAgent, change: Change) -> bool:
        """Is it the same device as before, enumerated again, maybe in another mode?"""
        if change.before is None or change.after is None:
            return False
        return self._is_listed(change.after) and agent.device_id == self._name(change.after)

    def _arrive(self, plugged: Plugged) -> None:
        name = self._policy.name(plugged.station)
        if name is None:
            _log.debug("%s at %s is left alone", plugged.ids, plugged.station)
        elif self._is_listed(plugged):
            device_id = self._name(plugged)
            address = UsbAddress(self._host, plugged.station, name, plugged.serial)
            agent = self._agents.get(device_id) or self._add(Port(device_id, address))
            self._at[plugged.station] = agent
            mode = classify(plugged).mode
            _log.info("%s is plugged in at %s, in %s mode", device_id, name, mode)
            agent.plugged_in(plugged, address)

    def _is_listed(self, plugged: Plugged) -> bool:
        """Is it something that is, or could become, flashable? A keyboard is not."""
        return classify(plugged).mode != _UNKNOWN

    def _name(self, plugged: Plugged) -> str:
        taken = {
            agent.device_id: station
            for station, agent in self._at.items()
            if station != plugged.station
        }
        for device_id, agent in self._agents.items():
            if not agent.port.is_watched:
                taken[device_id] = str(agent.port.address)
        return self._names.name(plugged.serial, plugged.station, taken)

    def _forget(self) -> None:
        """Let go of the devices that have been away longest: a factory sees thousands."""
        absent = [agent for agent in self._agents.values() if agent.port.is_empty and agent.is_idle]
        for agent in sorted(absent, key=lambda agent: agent.port.since)[:-_MOST_ABSENT]:
            self._drop(agent.device_id)
