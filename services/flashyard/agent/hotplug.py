"""Which agent looks after what is plugged in: devices get their names, and their agents the news.

Stations that are not ours do not exist here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from flashyard.agent.device import DeviceAgent
from flashyard.agent.ports import Port
from flashyard.agent.threads import in_thread
from flashyard.flash.fastboot.usb import UsbAddress
from flashyard.flash.opening import DeviceAddress, addresses
from flashyard.flash.ports.lookout import Lookout
from flashyard.flash.ports.modes import DFU, classify
from flashyard.flash.ports.monitor import Monitor
from flashyard.flash.ports.names import Names, is_generic
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.ports.policy import PortPolicy
from flashyard.flash.ports.settling import Change
from flashyard.flash.usb.host import UsbHost
from flashyard.settings import HubSettings

_log = logging.getLogger(__name__)

_MOST_ABSENT = 256  # devices that are kept in mind while they are not there
_LETS_GO = 2.0  # seconds; what the thread that looks may take to end
_UNKNOWN = "unknown"
_NAMES = "usb-names.json"


class _Seat(NamedTuple):
    """Where one device sits: most stations have one, a reader of cards has one for each slot."""

    station: str
    lun: int

    def __str__(self) -> str:
        return f"{self.station}:{self.lun}" if self.lun else self.station


class Hotplug:
    """The USB side of a hub.

    Args:
        host: the USB of this host.
        policy: which stations are ours.
        names: what devices are called.
        largest_disk: bytes; what is larger is listed, and not written.
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
        largest_disk: int,
        add: Callable[[Port], DeviceAgent],
        drop: Callable[[str], None],
    ) -> None:
        self.looked = asyncio.Event()
        self._host = host
        self._policy = policy
        self._names = names
        self._agents = agents
        self._largest_disk = largest_disk
        self._add = add
        self._drop = drop
        self._at: dict[_Seat, DeviceAgent] = {}  # where something of ours is
        # A job brings a device into DFU mode: it goes, and comes back, maybe by another serial.
        self._on_its_way: dict[_Seat, DeviceAgent] = {}

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

    def remember(self, device_id: str, port: str) -> None:
        """Keep a device in mind that an earlier run of the hub knew, and that is not there now."""
        self._add(Port(device_id, UsbAddress(self._host, "", port, None)))

    def _take(self, changes: Iterable[Change]) -> None:
        changes = list(changes)
        staying: dict[_Seat, DeviceAgent] = {}
        for change in changes:  # first what goes: two devices may have changed places
            for seat in [seat for seat in self._at if seat.station == change.station]:
                agent = self._at.pop(seat)
                if self._stays(agent, seat, change):
                    staying[seat] = agent
                else:
                    _log.info("%s is plugged out", agent.device_id)
                    if change.before and classify(change.before).way == "dfu":
                        self._on_its_way[seat] = agent
                    agent.plugged_out()
        for change in changes:
            if change.after is not None:
                self._arrive(change.after, staying)
        self._forget()

    def _stays(self, agent: DeviceAgent, seat: _Seat, change: Change) -> bool:
        """Is it the same device as before, enumerated again, maybe in another mode?"""
        before, after = change.before, change.after
        if before is None or after is None or seat.lun not in self._reached(after, ""):
            return False
        return agent.device_id == self._name(after, seat)

    def _arrive(self, plugged: Plugged, staying: dict[_Seat, DeviceAgent]) -> None:
        name = self._policy.name(plugged.station)
        if name is None:
            _log.debug("%s at %s is left alone", plugged.ids, plugged.station)
            return
        for lun, address in self._reached(plugged, name).items():
            seat = _Seat(plugged.station, lun)
            agent = staying.get(seat) or self._came_back(seat, plugged)
            if agent is None:
                device_id = self._name(plugged, seat)
                agent = self._agents.get(device_id) or self._add(Port(device_id, address))
            self._at[seat] = agent
            mode = classify(plugged).mode
            _log.info("%s is plugged in at %s, in %s mode", agent.device_id, address, mode)
            agent.plugged_in(plugged, address)

    def _came_back(self, seat: _Seat, plugged: Plugged) -> DeviceAgent | None:
        """Find the agent that waits for a device to come back in DFU mode, if one does."""
        agent = self._on_its_way.pop(seat, None)
        return None if agent is None or agent.is_idle or not _is_in_dfu(plugged) else agent

    def _reached(self, plugged: Plugged, name: str) -> Mapping[int, DeviceAddress]:
        """Tell where it is reached, by logical unit; nowhere where it is nothing for us."""
        if not self._is_listed(plugged):
            return {}
        return addresses(self._host, plugged, name, self._largest_disk)

    def _is_listed(self, plugged: Plugged) -> bool:
        """Is it something that is, or could become, flashable? A keyboard is not."""
        return classify(plugged).mode != _UNKNOWN

    def _name(self, plugged: Plugged, at: _Seat) -> str:
        taken = {agent.device_id: str(seat) for seat, agent in self._at.items() if seat != at}
        for device_id, agent in self._agents.items():
            if not agent.port.is_watched:
                taken[device_id] = str(agent.port.address)
        serial = plugged.serial
        if at.lun and serial is not None and not is_generic(serial):
            serial = f"{serial}:{at.lun}"
        return self._names.name(serial, str(at), taken)

    def _forget(self) -> None:
        """Let go of the devices that have been away longest: a factory sees thousands."""
        absent = [agent for agent in self._agents.values() if agent.port.is_empty and agent.is_idle]
        for agent in sorted(absent, key=lambda agent: agent.port.since)[:-_MOST_ABSENT]:
            self._drop(agent.device_id)


def _is_in_dfu(plugged: Plugged) -> bool:
    return DFU in {function.triplet for function in plugged.functions}


def hotplug_of(
    settings: HubSettings,
    host: UsbHost,
    agents: dict[str, DeviceAgent],
    *,
    add: Callable[[Port], DeviceAgent],
    drop: Callable[[str], None],
) -> Hotplug | None:
    """Make the USB side of a hub; where nothing was said about USB, if there is any."""
    wanted = host.sysfs.is_there if settings.usb is None else settings.usb
    if not wanted:
        return None
    if not host.sysfs.is_there:
        _log.warning("--usb: this host has no USB yet; it is looked for now and then")
    names = Names(settings.directory / _NAMES)
    policy = PortPolicy(settings.usb_port)
    return Hotplug(host, policy, names, agents, largest_disk=settings.max_disk, add=add, drop=drop)
