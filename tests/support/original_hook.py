"""The original frontend's hook, as it was observed: what it does with each message it is sent.

It knows nothing but these rules; a server it is to work with unchanged must live with them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

KNOWN = {
    "flash_started",
    "flash_progress",
    "flash_completed",
    "flash_failed",
    "flash_paused",
    "flash_resumed",
    "pong",
}


@dataclass
class Card:
    """One job as the page shows it."""

    job_id: str
    device_id: str
    total_bytes: int
    started_at: int
    stage: str
    status: str = "running"
    progress: float = 0
    bytes_transferred: int = 0
    transfer_speed: float = 0
    eta: float = 0
    error: str | None = None

    def shown(self) -> str:
        """The line on the card; JavaScript's toFixed needs a number."""
        assert isinstance(self.progress, int | float), "a string crashes the card"
        assert self.progress == self.progress, "NaN is shown as NaN"
        return f"{self.device_id} {self.progress:.1f}% {self.stage} {self.status}"


@dataclass
class Hook:
    """The page's state: cards by job, toasts, and what it only warned about."""

    cards: dict[str, Card] = field(default_factory=dict)
    toasts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def message(self, text: str) -> None:
        """Take one WebSocket message."""
        said = json.loads(text)
        kind, job_id = said.get("type"), said.get("jobId")
        assert isinstance(said["timestamp"], int)
        if kind not in KNOWN:
            self.warnings.append(str(kind))
            return
        if kind == "flash_started":
            if job_id and said.get("deviceId"):
                self.cards[job_id] = Card(
                    job_id,
                    said["deviceId"],
                    said.get("totalBytes") or 0,
                    said["timestamp"],
                    said.get("stage") or "Initializing",
                )
            self.toasts.append(f"started {job_id}")
            return
        if kind in {"flash_completed", "flash_failed", "flash_paused", "flash_resumed"}:
            self.toasts.append(f"{kind.removeprefix('flash_')} {job_id}")
        card = self.cards.get(str(job_id))
        if card is not None:
            self._known(card, kind, said)

    def _known(self, card: Card, kind: str, said: dict[str, Any]) -> None:
        match kind:
            case "flash_progress":
                names = {
                    "progress": "progress",
                    "stage": "stage",
                    "bytesTransferred": "bytes_transferred",
                    "transferSpeed": "transfer_speed",
                    "estimatedTimeRemaining": "eta",
                }
                for name, attribute in names.items():
                    if said.get(name) is not None:
                        setattr(card, attribute, said[name])
            case "flash_completed":
                card.progress, card.stage, card.status = 100, "Completed", "completed"
            case "flash_failed":
                card.status, card.error = "failed", said.get("error")
            case "flash_paused":
                card.status = "paused"
            case "flash_resumed":
                card.status = "running"
