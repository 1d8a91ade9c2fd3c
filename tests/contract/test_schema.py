"""AsyncAPI: one document of both surfaces, from the models, with nothing dangling."""

from __future__ import annotations

import json
from collections.abc import Iterator

from flashyard.contract.schema import PAYLOADS, asyncapi
from flashyard.contract.topics import Kind


def test_every_topic_and_every_websocket_path_is_a_channel() -> None:
    channels = asyncapi("1.2.3")["channels"]
    assert {"event", "progress", "presence", "order", "announce"} <= set(channels)
    assert {c["address"] for c in channels.values()} >= {
        "/flash-progress",
        "/ws/flash-progress/{jobId}",
        "flashyard/v1/{hub}/device/{device}",
        "flashyard/v1/{hub}/device/{device}/event",
        "flashyard/v1/_all/order",
    }
    assert set(PAYLOADS) == set(Kind)


def test_every_reference_leads_somewhere() -> None:
    document = asyncapi("1.2.3")
    for reference in _references(document):
        place: object = document
        for step in reference.removeprefix("#/").split("/"):
            assert isinstance(place, dict)
            place = place[step]


def test_it_is_plain_json() -> None:
    assert json.loads(json.dumps(asyncapi("1.2.3")))["asyncapi"] == "3.0.0"


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
