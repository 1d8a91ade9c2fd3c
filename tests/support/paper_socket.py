"""A watcher whose socket is paper: what it is told is read back as messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flashyard.contract.tracked import Frame
from flashyard_bridge.live.news import News
from flashyard_bridge.live.tally import Tally
from flashyard_bridge.live.watcher import Watcher
from support.hub_script import Published
from support.raw_websocket import texts


class PaperSocket:
    """Takes what is written, all of it or only until it says stop."""

    def __init__(self) -> None:
        self.data = b""
        self.closed: int | None = None
        self.owner: Watcher

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self, code: int, reason: str) -> None:
        assert reason
        self.closed = code
        self.owner.stop()

    @property
    def messages(self) -> list[dict[str, Any]]:
        return texts(self.data)

    @property
    def types(self) -> list[str]:
        return [message["type"].removeprefix("flash_") for message in self.messages]


def paper_watcher(only: str | None = None, number: int = 1) -> tuple[Watcher, PaperSocket]:
    sock = PaperSocket()
    sock.owner = watcher = Watcher(sock, only, Tally())
    watcher.number = number
    return watcher, sock


def news_of(*said: Published | Iterable[Published], since: int = 0) -> list[News]:
    flat = [one for each in said for one in ([each] if isinstance(each, Published) else each)]
    return [
        News.of(Frame(one.report, one.payload), since) for one in flat if one.topic.kind != "record"
    ]


def tell(watcher: Watcher, news: list[News]) -> None:
    joined = b"".join(each.parcel.data for each in news if each.job is not None)
    watcher.deliver(news, joined)
