"""What users ask a long history: pages, statistics, words; each often, about something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

from bench.year import (
    COMMON,
    DAY,
    DEVICES,
    HUBS,
    PARTITIONS,
    RARE,
    SPAN,
    device_id,
    image_sha256,
)

PAGE = "page"
STATISTICS = "statistics"
WORDS = "full text"
PROMISED = {PAGE: 50, STATISTICS: 500, WORDS: 200}  # ms, 99 of 100
OFTEN = {PAGE: 100, STATISTICS: 20, WORDS: 40}
_HISTORY, _STATS = "/api/flash/history", "/api/flash/stats"
Draw = Callable[[Random], dict[str, object]]


@dataclass(frozen=True)
class Question:
    """One question, asked with other values each time.

    Attributes:
        name: of it.
        kind: what is promised of it.
        paths: what to GET, one after another.
        follows: is it one path, and then the page that each answer says is next?
    """

    name: str
    kind: str
    paths: tuple[str, ...]
    follows: bool = False


def questions(until: int, seed: str = "questions") -> Iterator[Question]:
    """Draw them all; the history is of the 360 days before ``until``, Unix ms."""
    noise = Random(seed)
    filters = dict(_filters(until))
    for name, draw in filters.items():
        yield _drawn(noise, name, PAGE, _HISTORY, draw)
    for name in ("none", "hub", "status and partition"):
        path = _asking(_HISTORY, {**filters[name](noise), "limit": 100})
        yield Question(f"{name}, page after page", PAGE, (path,), follows=True)
    for name, draw in filters.items():
        yield _drawn(noise, name, STATISTICS, _STATS, draw)
    for name, draw in _words().items():
        yield _drawn(noise, name, WORDS, _HISTORY, draw)
        yield _drawn(noise, f"{name}, counted", STATISTICS, _STATS, draw)


def _drawn(noise: Random, name: str, kind: str, path: str, draw: Draw) -> Question:
    return Question(name, kind, tuple(_asking(path, draw(noise)) for _ in range(OFTEN[kind])))


def _asking(path: str, values: dict[str, object]) -> str:
    return f"{path}?{urlencode(values)}"


def _filters(until: int) -> Iterator[tuple[str, Draw]]:
    def time(noise: Random, length: int) -> dict[str, object]:
        since = until - noise.randrange(length, SPAN)
        return {"since": since, "until": since + length}

    yield "none", lambda _: {}
    yield "device", _device
    yield "hub", _hub
    yield "completed", lambda _: {"status": "completed"}
    yield "failed", lambda _: {"status": "failed"}
    yield "partition", _partition
    yield "image", lambda noise: {"image": image_sha256(noise.randrange(40))}
    yield "fault", lambda _: {"code": "usb_unplugged"}
    yield "a day", lambda noise: time(noise, DAY)
    yield "a month", lambda noise: time(noise, 30 * DAY)
    yield "since half a year", lambda _: {"since": until - SPAN // 2}
    yield "device and failed", lambda noise: {**_device(noise), "status": "failed"}
    yield "device and partition", lambda noise: {**_device(noise), **_partition(noise)}
    yield "device and a month", lambda noise: {**_device(noise), **time(noise, 30 * DAY)}
    yield "hub and failed", lambda noise: {**_hub(noise), "status": "failed"}
    yield "hub and a day", lambda noise: {**_hub(noise), **time(noise, DAY)}
    yield "status and partition", lambda noise: {"status": "cancelled", **_partition(noise)}
    yield (
        "hub, cancelled, partition, a week",
        lambda noise: {
            **_hub(noise),
            **_partition(noise),
            **time(noise, 7 * DAY),
            "status": "cancelled",
        },
    )
    yield (  # a device is plugged into one hub
        "device never at that hub",
        lambda noise: {"deviceId": device_id(8 * noise.randrange(60)), "hubId": "hub-1"},
    )


def _words() -> dict[str, Draw]:
    return {
        "rare word": lambda _: {"q": RARE},
        "common word": lambda _: {"q": COMMON},
        "word of most errors": lambda _: {"q": "bytes"},
        "two words": lambda noise: {"q": f"{COMMON} {noise.choice(PARTITIONS)}"},
        "two words, rare together": lambda noise: {"q": f"{RARE} {noise.choice(PARTITIONS)}"},
        "beginning of a device": lambda noise: {"q": device_id(noise.randrange(DEVICES))[:7]},
        "device": lambda noise: {"q": device_id(noise.randrange(DEVICES))},
        "image by its digest": lambda noise: {"q": image_sha256(noise.randrange(40))},
        "nothing found": lambda noise: {"q": f"zebra{noise.randrange(10**6)}"},
        "common word and failed": lambda _: {"q": COMMON, "status": "failed"},
        "common word, a device without it": lambda _: {
            "q": COMMON,
            "deviceId": device_id(8),
        },
        "rare word and a hub": lambda noise: {"q": RARE, **_hub(noise)},
        "two letters": lambda _: {"q": "or"},
    }


def _device(noise: Random) -> dict[str, object]:
    return {"deviceId": device_id(noise.randrange(DEVICES))}


def _hub(noise: Random) -> dict[str, object]:
    return {"hubId": f"hub-{noise.randrange(HUBS)}"}


def _partition(noise: Random) -> dict[str, object]:
    return {"partition": noise.choice(PARTITIONS)}
