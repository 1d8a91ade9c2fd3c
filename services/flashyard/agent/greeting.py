"""What is said each time the link comes up: first what an earlier run left, then all that is true.

It knows no topic; what others say as presence is the hub's to judge.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping

from flashyard.agent.device import DeviceAgent
from flashyard.agent.ghosts import Ghost, Lost
from flashyard.agent.post import Post
from flashyard.agent.presence import Presence
from flashyard.agent.timing import Timing
from flashyard.contract.messages import DeviceChanged
from flashyard.contract.records import Device

_log = logging.getLogger(__name__)

_WAITING_ANNOUNCES = 16


class Greeting:
    """One hub's, over all its connections.

    Args:
        agents: the hub's, by device id.
        post: where all of it goes.
        presence: the hub's.
        raise_ghost: reads an old record.
        end: has the end of a job be written down that died with an earlier run.
        tell_records: has the records of ended jobs be told, too.
        remember: has the hub keep a device in mind that is not there now, if it is one of its.
        is_leaving: was the hub told to stop? No announce is answered any more then.
        timing: how long it is listened for what was left.
        address: the broker's, for people.

    Attributes:
        done: set once all was told for the first time.
        heard_myself: set once the broker passed on what this hub said.
    """

    def __init__(
        self,
        agents: Mapping[str, DeviceAgent],
        post: Post,
        presence: Presence,
        *,
        raise_ghost: Callable[[Device], Ghost],
        end: Callable[[Lost], None],
        tell_records: Callable[[], None],
        remember: Callable[[Device], None],
        is_leaving: Callable[[], bool],
        timing: Timing,
        address: str,
    ) -> None:
        self.done = asyncio.Event()
        self.heard_myself = asyncio.Event()
        self._agents = agents
        self._post = post
        self._presence = presence
        self._raise_ghost = raise_ghost
        self._end = end
        self._tell_records = tell_records
        self._remember = remember
        self._is_leaving = is_leaving
        self._timing = timing
        self._address = address
        self._left_behind: dict[str, Device] = {}  # by an earlier run
        self._announces: deque[int] = deque(maxlen=_WAITING_ANNOUNCES)
        self._task: asyncio.Task[None] | None = None
        self._cut_short = 0  # before the first that came to its end

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Greet on a link that has come up."""
        self._task = tasks.create_task(self._greet(), name="hub greeting")

    def cut_short(self) -> None:
        """Stop: the link is down."""
        if self._task is not None:
            self._task.cancel()
        self._cut_short += not self.done.is_set()

    def end(self) -> None:
        """Stop for good."""
        if self._task is not None:
            self._task.cancel()

    def asked(self, now: int) -> None:
        """Take an announce; it is answered with all that is true, once that can be told."""
        self._announces.append(now)
        if self.done.is_set():
            self.tell_all()

    def find(self, device_id: str, payload: bytes, tasks: asyncio.TaskGroup) -> None:
        """Take a device's record that an earlier run left in the broker."""
        try:
            self._left_behind[device_id] = DeviceChanged.decode(payload).device
        except ValueError:
            self._post.clear(device_id)
            return
        if self.done.is_set():
            tasks.create_task(self._greet(), name="hub late greeting")

    def tell_all(self) -> None:
        """Publish every device's record, and answer the announces that asked for it.

        The records of ended jobs come after those: they tell no more than what they stand on.
        """
        for agent in self._agents.values():
            agent.publish()
        while self._announces and not self._is_leaving():
            self._presence.announced = self._announces.popleft()
            self._post.presence(self._presence.say(online=True))
        self._tell_records()

    async def _greet(self) -> None:
        """Take over what an earlier run left, then tell all that is true."""
        if not self.done.is_set():
            # What is retained on our topics comes before the echo of what we just said.
            await self._hear_myself()
            if any(device.current_job or device.queue for device in self._left_behind.values()):
                # If the hub that has these jobs still lives, it throws us out meanwhile; each time
                # it does, its link is slower to come back.
                await asyncio.sleep(self._timing.settle * (1 + self._cut_short))
        self._post.tell_devices()
        self._take_over()
        self.done.set()
        self.tell_all()

    async def _hear_myself(self) -> None:
        try:
            async with asyncio.timeout(self._timing.own_echo):
                await self.heard_myself.wait()
        except TimeoutError:
            # MQTT 3.1.1 has no refusal of a publish (3.3.5): this is all there is to see of it.
            _log.warning(
                "%s passes on nothing that this hub says: nobody will see its devices. "
                "The user in --broker must be a hub's, not a bridge's or a viewer's",
                self._address,
            )

    def _take_over(self) -> None:
        """Tell the end of the jobs that died, and drop what left the configuration."""
        ghosts = [self._raise_ghost(device) for device in self._left_behind.values()]
        self._left_behind.clear()
        for ghost in ghosts:
            for each in ghost.lost:
                self._end(each)
                self._post.event(each.event)
            device_id = ghost.device.device_id
            if device_id not in self._agents:
                self._remember(ghost.device)
            if agent := self._agents.get(device_id):
                agent.adopt(ghost)
            else:
                self._post.clear(device_id)
