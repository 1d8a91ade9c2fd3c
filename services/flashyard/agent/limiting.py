"""Orders that change what a job, a device or the hub is held to, carried out.

It answers nobody: that what is ordered is there, and can be written down, was seen before.
"""

from __future__ import annotations

from collections.abc import Callable

from flashyard.agent.bandwidth import Bandwidth
from flashyard.agent.device import DeviceAgent
from flashyard.agent.presence import Presence
from flashyard.agent.queueing.permits import Permits
from flashyard.agent.story import Story
from flashyard.contract.orders import LimitsOrder


class Limiting:
    """What a hub is held to: changed, written down, and then told.

    Args:
        bandwidth: of the hub.
        permits: how many jobs run at once.
        presence: tells what the hub as a whole is held to.
        tell: has that said again.
    """

    def __init__(
        self,
        bandwidth: Bandwidth,
        permits: Permits,
        presence: Presence,
        tell: Callable[[], object],
    ) -> None:
        self._bandwidth = bandwidth
        self._permits = permits
        self._presence = presence
        self._tell = tell
        self.note()

    def job(self, order: LimitsOrder, agent: DeviceAgent, story: Story) -> None:
        """Change a job's, also while it runs."""
        if order.priority is not None:
            agent.docket.rank(story, order.priority)
        if order.bandwidth_limit is not None:
            self._bandwidth.hold_job(story.job.job_id, order.bandwidth_limit)
            story.held_to(order.bandwidth_limit)

    def device(self, order: LimitsOrder, agent: DeviceAgent) -> None:
        """Change that of all a device is sent."""
        if order.bandwidth_limit is not None:
            self._bandwidth.hold_device(agent.device_id, order.bandwidth_limit)
            agent.publish()

    def hub(self, order: LimitsOrder) -> None:
        """Change the hub's own."""
        if order.bandwidth_limit is not None:
            self._bandwidth.hold_hub(order.bandwidth_limit)
        if order.download_limit is not None:
            self._bandwidth.hold_downloads(order.download_limit)
        if order.max_parallel is not None:
            self._permits.change(order.max_parallel)
        self.note()
        self._tell()

    def note(self) -> None:
        """Have the presence know what the hub is held to now."""
        limits = self._presence.limits
        self._presence.limits = limits.with_(
            max_parallel=self._permits.limit,
            bandwidth_limit=self._bandwidth.of_hub,
            download_limit=self._bandwidth.of_downloads,
        )
