"""What a link tells its owner, written down in order."""

from __future__ import annotations

from typing import Any

from flashyard.link import Link


class Listener:
    """Callbacks for a link. ``story`` is ["up", (topic, payload, retained), "down", …]."""

    def __init__(self) -> None:
        self.story: list[str | tuple[str, bytes, bool]] = []

    @property
    def messages(self) -> list[tuple[str, bytes, bool]]:
        return [entry for entry in self.story if not isinstance(entry, str)]

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, payload, _ in self.messages]

    def link(self, url: str, client_id: str, *filters: tuple[str, int], **options: Any) -> Link:
        """Make a link that reports here."""
        return Link(
            url,
            client_id,
            on_message=lambda *message: self.story.append(message),
            on_up=lambda: self.story.append("up"),
            on_down=lambda _reason: self.story.append("down"),
            subscriptions=filters,
            **options,
        )
