"""The hub: owns the link and the agents, says who it is and all that is true, hands orders on.

(Re)connecting is the normal path: presence, then every device's record, then live.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial

from flashyard.agent.bandwidth import Bandwidth
from flashyard.agent.bounded import Bounded
from flashyard.agent.cache import ImageCache
from flashyard.agent.claims import Claims
from flashyard.agent.clock import Clock
from flashyard.agent.desk import Desk
from flashyard.agent.device import DeviceAgent
from flashyard.agent.gear import Gear
from flashyard.agent.ghosts import Lost, raise_ghost
from flashyard.agent.greeting import Greeting
from flashyard.agent.hotplug import hotplug_of
from flashyard.agent.idempotency import Keys
from flashyard.agent.identity import new_session
from flashyard.agent.journal.journal import Journal
from flashyard.agent.journal.ledger import KEPT_ENDS, Kept, Ledger
from flashyard.agent.limiting import Limiting
from flashyard.agent.orphans import settle
from flashyard.agent.ports import Port, configured
from flashyard.agent.post import Post
from flashyard.agent.presence import Presence
from flashyard.agent.queueing.permits import Permits
from flashyard.agent.queueing.turns import Turns
from flashyard.agent.records.repeater import Repeater
from flashyard.agent.recovery.quarantine import Quarantines
from flashyard.agent.recovery.supply import Supply
from flashyard.agent.recovery.troubles import Troubles
from flashyard.agent.rivals import Rivals
from flashyard.agent.telling import Teller
from flashyard.agent.threads import in_thread
from flashyard.agent.timing import Timing
from flashyard.contract.faults import Code, refuse
from flashyard.contract.limits import Limits
from flashyard.contract.orders import Announce, Recorded
from flashyard.contract.phases import Status
from flashyard.contract.records import Device, Unrecorded
from flashyard.contract.topics import ANNOUNCE, Kind, build, hub_filters, parse
from flashyard.flash.recordings.folder import recording
from flashyard.flash.usb.host import UsbHost
from flashyard.link import Link, Will
from flashyard.logs import about
from flashyard.settings import HubSettings

_log = logging.getLogger(__name__)

_JOURNAL = "journal.db"
_IMAGES = "images"


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
        self._journal = Journal(settings.directory / _JOURNAL)
        self._journal.on_trouble = self._note_trouble
        ledger = self._ledger = Ledger(self._journal)
        self._post = Post(self._link, hub_id, self._journal.after)
        self._repeater = Repeater(
            self._journal,
            self._post.record,
            self._tell_unrecorded,
            self._timing.record_again,
            self._clock.monotonic,
        )
        self._bandwidth = Bandwidth(
            settings.bandwidth_limit, settings.download_limit, self._clock.monotonic, ledger.limit
        )
        self._cache = ImageCache(
            settings.directory / _IMAGES,
            settings.cache_size,
            settings.bridge_url,
            self._bandwidth.for_download,
        )
        turns = Turns(ledger.turn)
        permits = Permits(turns, settings.max_parallel, settings.max_per_controller, ledger.limit)
        self._troubles = Troubles(self._clock.stamp)
        self._troubles.changed = self._tell_troubles
        self._unwritten = ExitStack()  # what is wrong with the journal
        self._quarantines = Quarantines(
            settings.quarantine_after, self._clock.stamp, ledger.keep_place
        )
        ended = self._ended = Bounded[str, Status](KEPT_ENDS)
        self._gear = Gear(
            teller=Teller(hub_id, self._clock, self._post),
            ledger=ledger,
            repeater=self._repeater,
            session=self.session,
            cache=self._cache,
            bandwidth=self._bandwidth,
            turns=turns,
            permits=permits,
            supply=Supply(
                self._cache,
                self._troubles,
                self._clock.monotonic,
                patience=settings.image_patience,
                backoff=self._timing.image_again,
            ),
            quarantines=self._quarantines,
            retries=settings.retries,
            fetches=settings.bridge_url is not None,
            ended=ended,
            part_size=settings.part_size,
            denied=settings.deny_partition,
            boot_timeout=settings.boot_timeout,
            sample_every=settings.progress_interval / 1000,
            timing=self._timing,
        )
        self._limiting = Limiting(self._bandwidth, permits, self._presence, self._tell_limits)
        self._agents: dict[str, DeviceAgent] = {}
        self._lives: dict[str, asyncio.Task[None]] = {}
        self._configured = configured(settings)
        self._hotplug = hotplug_of(
            settings, usb or UsbHost(), self._agents, add=self._add, drop=self._drop
        )
        self._keys = Keys(self._clock.now, ledger.use_key, ledger.free_key, self._clock.elapsed)
        self._claims = Claims(ledger.claim)
        self._desk = Desk(
            self._agents,
            ended,
            self.session,
            self._clock,
            keys=self._keys,
            claims=self._claims,
            trouble=lambda: self._journal.trouble,
            limiting=self._limiting,
            take_on=self._take_on,
        )
        self._kept = Kept()
        self._asked_to_stop = asyncio.Event()
        self._greeting = Greeting(
            self._agents,
            self._post,
            self._presence,
            raise_ghost=partial(raise_ghost, clock=self._clock, is_known=self._knows),
            end=self._end,
            tell_records=self._repeater.begin_anew,
            remember=self._remember,
            is_leaving=self._asked_to_stop.is_set,
            timing=self._timing,
            address=str(self._link.address),
        )
        self._rivals = Rivals(self._presence, self._post, self._greeting, self.stop)
        self._tasks: asyncio.TaskGroup

    def stop(self) -> None:
        """Have :meth:`run` come to its end."""
        self._asked_to_stop.set()

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until told to stop; ``ready`` gets the broker's address and the hub's id.

        Raises:
            FaultError: `duplicate_hub_id`; `invalid_request`: the journal cannot be used.
            OSError: the image cache's directory cannot be used.
        """
        with about(hub=self.hub_id), recording(self._record):
            await self._cache.open()
            await in_thread(self._recall, "journal")
            self._journal.begin()
            try:
                await self._serve(ready)
            finally:
                await self._journal.close()
        if self._rivals.first is not None:
            raise self._rivals.first

    async def _serve(self, ready: Callable[[str], None]) -> None:
        async with asyncio.TaskGroup() as self._tasks, self._link:
            for port in self._configured:
                self._add(port)
            chores = [self._tasks.create_task(self._get_ready(ready), name="hub ready")]
            chores.append(self._tasks.create_task(self._repeater.run(), name="hub records"))
            if self._hotplug is not None:
                chores.append(self._tasks.create_task(self._hotplug.run(), name="hub usb"))
            await self._asked_to_stop.wait()
            for chore in chores:
                chore.cancel()
            await self._leave()

    def _recall(self) -> None:
        """Open the journal, and take from it what does not belong to one device."""
        self._journal.open()
        self._kept = kept = self._ledger.kept()
        for each in kept.jobs:
            self._gear.turns.restore(each.turn)
        for _, entry in kept.ended:
            self._ended[entry.job_id] = entry.status
        self._clock.not_before(kept.newest)
        self._keys.restore(kept.keys, kept.jobs)
        self._claims.restore(kept.claims)
        self._bandwidth.restore(kept.limits)
        self._gear.permits.restore(kept.limits)
        self._limiting.note()
        self._quarantines.restore(kept.places)
        self._presence.unrecorded = self._repeater.restore()

    def _knows(self, job_id: str) -> bool:
        return self._desk.knows(job_id) or any(
            job_id == each.job.job_id for each in self._kept.jobs
        )

    def _tell_limits(self) -> None:
        """Say what the hub is held to, once that is written down."""
        self._journal.after(self._say_presence, "limits")

    def _say_presence(self) -> None:
        """Say what has changed of the hub itself, unless the last word is `offline` by now."""
        if not self._asked_to_stop.is_set():
            self._post.presence(self._presence.say(online=True))

    def _note_trouble(self) -> None:
        """Tell that the journal cannot be written, or can again."""
        self._unwritten.close()
        if why := self._journal.trouble:
            self._unwritten.enter_context(self._troubles.having(why))

    def _tell_troubles(self) -> None:
        self._presence.troubles = self._troubles.told
        self._say_presence()

    def _tell_unrecorded(self, unrecorded: Unrecorded | None) -> None:
        self._presence.unrecorded = unrecorded
        self._say_presence()

    def _add(self, port: Port) -> DeviceAgent:
        """Take on a device, and with it the jobs it had when an earlier run of the hub ended."""
        device_id = port.device_id
        agent = self._agents[device_id] = DeviceAgent(port, self._gear)
        agent.restore(self._kept.take(device_id), self._kept.recent(device_id))
        task = self._tasks.create_task(agent.run(), name=f"agent {port.device_id}")
        self._lives[port.device_id] = task
        return agent

    def _take_on(self, which: str) -> None:
        """Take on a device that was not seen yet, by its id or a job's, if it has jobs to go on."""
        found = (each for each in self._kept.jobs if which in {each.job.job_id, each.job.device_id})
        if self._hotplug is None or (kept := next(found, None)) is None:
            return
        if self._asked_to_stop.is_set():
            raise refuse(Code.STALE_ORDER, "The hub is about to stop, and its next run is to know.")
        self._hotplug.remember(kept.job.device_id, kept.port)

    def _remember(self, device: Device) -> None:
        if device.transport == "usb" and self._hotplug is not None:
            self._hotplug.remember(device.device_id, device.port or "")

    def _drop(self, device_id: str) -> None:
        """Forget a device that has nothing to do."""
        self._agents.pop(device_id).stop()
        del self._lives[device_id]
        self._post.clear(device_id)

    def _end(self, lost: Lost) -> None:
        """Write down the end of a job that nobody can go on with."""
        self._ledger.end(lost.entry, lost.record)
        self._repeater.ended()

    async def _get_ready(self, ready: Callable[[str], None]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.first_looks):
                if self._hotplug is not None:
                    await self._hotplug.looked.wait()
                settle(self._kept, self._agents, self._hotplug, clock=self._clock, end=self._end)
                for agent in list(self._agents.values()):
                    await agent.looked.wait()
        await self._greeting.done.wait()
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
        self._greeting.end()
        await self._journal.settled(self._timing.farewell)
        await self._tell_last_records()
        if self._rivals.first is None:
            told = await self._post.farewell(
                self._presence.say(online=False), self._timing.farewell
            )
            _log.info("the hub goes" if told else "the hub goes, and the broker was not told")

    async def _tell_last_records(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.farewell):
                await self._repeater.look()
        self._presence.unrecorded = self._repeater.unrecorded

    # The link's callbacks

    def _make_will(self) -> Will:
        gone = self._presence.say(online=False)
        return Will(build(Kind.PRESENCE, self.hub_id), gone.encode())

    def _link_up(self) -> None:
        self._greeting.heard_myself.clear()
        if self._asked_to_stop.is_set():
            return
        self._post.presence(self._presence.say(online=True))
        self._greeting.begin(self._tasks)

    def _link_down(self, _reason: str) -> None:
        self._greeting.cut_short()
        self._repeater.link_down()

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 - the link's signature
        if topic == ANNOUNCE:
            now = Announce.decode(payload).now
            self._clock.learn(now)
            self._greeting.asked(now)
            return
        kind, _, device_id = parse(topic)
        if kind is Kind.ORDER:
            # An order is never retained; one that is would be a trap of somebody's.
            if not retained and (receipt := self._desk.take(payload)):
                self._post.receipt(receipt)
        elif kind is Kind.RECORDED and not retained:
            self._repeater.acknowledged(Recorded.decode(payload))
        elif kind is Kind.PRESENCE:
            if not self._asked_to_stop.is_set():  # from then on the last word is `offline`
                self._rivals.hear(payload, retained=retained)
        elif kind is Kind.DEVICE and device_id and retained and self._is_left_behind(payload):
            self._greeting.find(device_id, payload, self._tasks)

    def _is_left_behind(self, payload: bytes) -> bool:
        """Is it an earlier run's? Our own records come back to us as well."""
        return payload != b"" and self.session.encode() not in payload
