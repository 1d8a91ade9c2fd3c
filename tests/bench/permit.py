"""The least access plugin: asked about everything, and permits it."""

from __future__ import annotations

from typing import Any

from amqtt.plugins.base import BaseTopicPlugin


class Permit(BaseTopicPlugin):
    """What amqtt pays for asking at all, without the price of an answer."""

    async def topic_filtering(self, **_asked: Any) -> bool:
        """Permit it."""
        return True
