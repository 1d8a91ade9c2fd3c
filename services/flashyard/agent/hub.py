"""The hub: owns the link and the agents, says who it is and all that is true, hands orders on.

(Re)connecting is the normal path: presence, then every device's record, then live.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from flashyard.agent.bounded import Bounded
from flashyard.agent.cache import ImageCache
from flashyard.agent.clock import Clock
from flashyard.agent.desk import Desk
from flashyard.agent.device import DeviceAgent
from flashyard.agent.gear import Gear
from flashyard.agent.ghosts import Ghost, raise_ghost
from flashyard.agent.hotplug import Hotplug
from flashyard.agent.identity import new_session
from flashyard.agent.permits import Permits
from flashyard.agent.ports import Port, configured
from flashyard.agent.post import Post
from flashyard.agent.presence import Presence
from flashyard.agent.story import Teller
from flashyard.agent.timing import Timing
from flashyard.contract.faults import FaultError
from flashyard.contract.messages import DeviceChanged, HubChanged
from flashyard.contract.orders import Announce
from flashyard.contract.phases import Status
from flashyard.contract.records import Device, Limits
from flashyard.contract.topics import ANNOUNCE, Kind, build, hub_filters, parse
from flashyard.flash.ports.names import Names
from flashyard.flash.ports.policy import PortPolicy
from flashyard.flash.recordings.folder import recording
from flashyard.flash.usb.host import UsbHost
from flashyard.link import Link, Will
from flashyard.logs import about
from flashyard.settings import HubSettings

_log = logging.getLogger(__name__)

_REMEMBERED_ENDS = 10_000
_WAITING_ANNOUNCES = 16
_IMAGES = "images"
_USB_NAMES = "usb-names.json"


class Hub:
    """One hub, for one life: from :meth:`run` to :meth:`stop`.

    Args:
        settings: the operator's.
        hub_id: who it is, to everybody.
        tls: for a broker behind TLS.
        clock: the bridge's, as far as it is known.
        timing: how long everything may take.
        usb: the USB of this host.
    """

    def __init__(
        self,
        settings: HubSettings,
        hub_id: str,
        *,
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
        timing: Timing | None = None,
        usb: UsbHost | None = None,
    ) -> None:
        self.hub_id = hub_id
        self.session = new_session()
        self._record = settings.record
        self._clock = clock or Clock()
        self._timing = timing or Timing()
        self._presence = Presence(
            hub_id, self.session, self._clock, Limits(max_parallel=settings.max_parallel)
        )
        self._link = Link(
            settings.broker,
            hub_id,
            on_message=self._hear,
            owner="hub",
            tls=tls,
            on_up=self._link_up,
            on_down=self._link_down,
            subscriptions=hub_filters(hub_id),
            will=self._make_will,
        )
        self._post = Post(self._link, hub_id)
        self._cache = ImageCache(
            settings.directory / _IMAGES, settings.cache_size, settings.bridge_url
        )
        ended: Bounded[str, Status] = Bounded(_REMEMBERED_ENDS)
        self._gear = Gear(
            teller=Teller(hub_id, self._clock, self._post),
            session=self.session,
            cache=self._cache,
            permits=Permits(settings.max_parallel, settings.max_per_controller),
            fetches=settings.bridge_url is not None,
            ended=ended,
            part_size=settings.part_size,
            denied=settings.deny_partition,
            boot_timeout=settings.boot_timeout,
            sample_every=settings.progress_interval / 1000,
            timing=self._timing,
        )
        self._agents: dict[str, DeviceAgent] = {}
        self._lives: dict[str, asyncio.Task[None]] = {}
        self._configured = configured(settings)
        self._hotplug = self._usb(settings, usb or UsbHost())
        self._desk = Desk(self._agents, ended, self.session, self._clock)
        self._left_behind: dict[str, Device] = {}  # by an earlier run
        self._announces: deque[int] = deque(maxlen=_WAITING_ANNOUNCES)
        self._heard_myself = asyncio.Event()
        self._greeted = asyncio.Event()
        self._asked_to_stop = asyncio.Event()
        self._rival: FaultError | None = None
        self._tasks: asyncio.TaskGroup
        self._greeting: asyncio.Task[None] | None = None
        self._cut_short = 0  # greetings before the first that came to its end

    def stop(self) -> None:
        """Have :meth:`run` come to its end."""
        self._asked_to_stop.set()

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until told to stop; ``ready`` gets the broker's address and the hub's id.

        Raises:
            FaultError: `duplicate_hub_id`.
            OSError: the image cache's directory cannot be used.
        """
        with about(hub=self.hub_id), recording(self._record):
            await self._cache.open()
            async with asyncio.TaskGroup() as self._tasks, self._link:
                for port in self._configured:
                    self._add(port)
                chores = [self._tasks.create_task(self._get_ready(ready), name="hub ready")]
                if self._hotplug is not None:
                    chores.append(self._tasks.create_task(self._hotplug.run(), name="hub usb"))
                await self._asked_to_stop.wait()
                for chore in chores:
                    chore.cancel()
                await self._leave()
        if self._rival is not None:
            raise self._rival

    def _usb(self, settings: HubSettings, host: UsbHost) -> Hotplug | None:
        """Where nothing was said about USB, it is used where there is any."""
        wanted = host.sysfs.is_there if settings.usb is None else settings.usb
        if not wanted:
            return None
        if not host.sysfs.is_there:
            _log.warning("--usb: this host has no USB yet; it is looked for now and then")
        names = Names(settings.directory / _USB_NAMES)
        policy = PortPolicy(settings.usb_port)
        return Hotplug(
            host,
            policy,
            names,
            self._agents,
            largest_disk=settings.max_disk,
            add=self._add,
            drop=self._drop,
        )

    def _add(self, port: Port) -> DeviceAgent:
        """Take on a device."""
        agent = self._agents[port.device_id] = DeviceAgent(port, self._gear)
        task = self._tasks.create_task(agent.run(), name=f"agent {port.device_id}")
        self._lives[port.device_id] = task
        return agent

    def _drop(self, device_id: str) -> None:
        """Forget a device that has nothing to do."""
        self._agents.pop(device_id).stop()
        del self._lives[device_id]
        self._post.clear(device_id)

    async def _get_ready(self, ready: Callable[[str], None]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.first_looks):
                if self._hotplug is not None:
                    await self._hotplug.looked.wait()
                for agent in list(self._agents.values()):
                    await agent.looked.wait()
        await self._greeted.wait()
        ready(f"{self._link.address} {self.hub_id}")

    async def _leave(self) -> None:
        """End the jobs, say that we go, and see that the broker knows."""
        agents = list(self._lives.values())
        for agent in self._agents.values():
            agent.stop()
        if agents:
            _, late = await asyncio.wait(agents, timeout=self._timing.safe_point)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=self._timing.farewell)
        await self._cache.close()
        if self._greeting is not None:
            self._greeting.cancel()
        if self._rival is None:
            told = await self._post.farewell(
                self._presence.say(online=False), self._timing.farewell
            )
            _log.info("the hub goes" if told else "the hub goes, and the broker was not told")

    # The link's callbacks

    def _make_will(self) -> Will:
        gone = self._presence.say(online=False)
        return Will(build(Kind.PRESENCE, self.hub_id), gone.encode())

    def _link_up(self) -> None:
        self._heard_myself.clear()
        if self._asked_to_stop.is_set():
            return
        self._post.presence(self._presence.say(online=True))
        self._greeting = self._tasks.create_task(self._greet(), name="hub greeting")

    def _link_down(self, _reason: str) -> None:
        if self._greeting is not None:
            self._greeting.cancel()
        self._cut_short += not self._greeted.is_set()

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 - the link's signature
        if topic == ANNOUNCE:
            self._hear_announce(Announce.decode(payload))
            return
        kind, _, device_id = parse(topic)
        if kind is Kind.ORDER:
            # An order is never retained; one that is would be a trap of somebody's.
            if not retained and (receipt := self._desk.take(payload)):
                self._post.receipt(receipt)
        elif kind is Kind.PRESENCE:
            if not self._asked_to_stop.is_set():  # from then on the last word is `offline`
                self._hear_presence(payload, retained=retained)
        elif kind is Kind.DEVICE and device_id and retained:
            self._find_left_behind(device_id, payload)

    def _hear_announce(self, announce: Announce) -> None:
        self._clock.learn(announce.now)
        self._announces.append(announce.now)
        if self._greeted.is_set():
            self._tell_all()

    def _hear_presence(self, payload: bytes, *, retained: bool) -> None:
        try:
            hub = HubChanged.decode(payload).hub
            contested = self._presence.contest(hub, retained=retained)
        except ValueError:  # cleared, or somebody's rubbish
            self._post.presence(self._presence.say(online=True))
            return
        except FaultError as rival:
            _log.critical("%s", rival)
            self._rival = rival
            self.stop()
            return
        if contested:
            _log.info("what session %s left as presence is overwritten", hub.session)
            self._post.presence(self._presence.say(online=True))
            if hub.online and self._greeted.is_set():
                self._tell_all()  # its records may lie over ours
        else:
            self._heard_myself.set()

    # What is true

    async def _greet(self) -> None:
        """Take over what an earlier run left, then tell all that is true."""
        if not self._greeted.is_set():
            # What is retained on our topics comes before the echo of what we just said.
            await self._hear_myself()
            if any(device.current_job or device.queue for device in self._left_behind.values()):
                # If the hub that has these jobs still lives, it throws us out meanwhile; each time
                # it does, its link is slower to come back.
                await asyncio.sleep(self._timing.settle * (1 + self._cut_short))
        self._post.tell_devices()
        lost = [each for ghost in self._take_over() for each in ghost.lost]
        self._greeted.set()
        self._tell_all()
        for each in lost:
            self._post.record(each.record)
        self._post.send_kept()

    async def _hear_myself(self) -> None:
        try:
            async with asyncio.timeout(self._timing.own_echo):
                await self._heard_myself.wait()
        except TimeoutError:
            # MQTT 3.1.1 has no refusal of a publish (3.3.5): this is all there is to see of it.
            _log.warning(
                "%s passes on nothing that this hub says: nobody will see its devices. "
                "The user in --broker must be a hub's, not a bridge's or a viewer's",
                self._link.address,
            )

    def _tell_all(self) -> None:
        """Publish every device's record, and answer the announces that asked for it."""
        for agent in self._agents.values():
            agent.publish()
        while self._announces and not self._asked_to_stop.is_set():
            self._presence.announced = self._announces.popleft()
            self._post.presence(self._presence.say(online=True))

    def _find_left_behind(self, device_id: str, payload: bytes) -> None:
        if not payload or self.session.encode() in payload:
            return
        try:
            self._left_behind[device_id] = DeviceChanged.decode(payload).device
        except ValueError:
            self._post.clear(device_id)
            return
        if self._greeted.is_set():
            self._tasks.create_task(self._greet(), name="hub late greeting")

    def _take_over(self) -> list[Ghost]:
        """Tell the end of the jobs that died, and drop what left the configuration."""
        ghosts = [
            raise_ghost(device, self._clock, self._desk.knows)
            for device in self._left_behind.values()
        ]
        self._left_behind.clear()
        for ghost in ghosts:
            for each in ghost.lost:
                self._post.event(each.event)
            device_id = ghost.device.device_id
            if device_id not in self._agents and ghost.device.transport == "usb" and self._hotplug:
                self._hotplug.remember(ghost.device)
            if agent := self._agents.get(device_id):
                agent.adopt(ghost)
            else:
                self._post.clear(device_id)
        return ghosts
