"""AsyncAPI 3 and JSON Schema of everything that is said, generated from the same models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from flashyard.contract import history, messages, orders, topics
from flashyard.contract.model import Model
from flashyard.contract.topics import MANNERS, ROOT, Kind

FLASH: tuple[type[Model], ...] = (
    messages.FlashQueued,
    messages.FlashStarted,
    messages.FlashProgress,
    messages.FlashPaused,
    messages.FlashResumed,
    messages.FlashCompleted,
    messages.FlashFailed,
)
CHANGES: tuple[type[Model], ...] = (
    messages.DeviceChanged,
    messages.DeviceGone,
    messages.HubChanged,
    messages.HubGone,
)
WEBSOCKET: tuple[type[Model], ...] = (*FLASH, *CHANGES, messages.Pong)
ORDERS: tuple[type[Model], ...] = (
    orders.StartOrder,
    orders.CancelOrder,
    orders.PauseOrder,
    orders.ResumeOrder,
    orders.ImageOrder,
    orders.LimitsOrder,
    orders.ReleaseOrder,
)
PAYLOADS: Mapping[Kind, tuple[type[Model], ...]] = {
    Kind.PRESENCE: (messages.HubChanged,),
    Kind.DEVICE: (messages.DeviceChanged,),
    Kind.EVENT: FLASH,
    Kind.PROGRESS: (messages.FlashProgress,),
    Kind.LOG: (messages.FlashLog,),
    Kind.ORDER: ORDERS,
    Kind.RECEIPT: (orders.Receipt, orders.Answer),
    Kind.RECORD: (history.JobRecord,),
    Kind.RECORDED: (orders.Recorded,),
}
WEBSOCKET_PATHS = ("/flash-progress", "/ws/flash-progress", "/ws/flash-progress/{jobId}")


def address(kind: Kind) -> str:
    """Spell a topic with its parameters."""
    if kind is Kind.DEVICE:
        return f"{ROOT}/{{hub}}/device/{{device}}"
    return f"{ROOT}/{{hub}}/" + (f"device/{{device}}/{kind}" if MANNERS[kind].per_device else kind)


def models() -> list[type[Model]]:
    """Every model that is a message of its own, once."""
    said: list[type[Model]] = [*WEBSOCKET, orders.Announce]
    said += [model for kind in PAYLOADS.values() for model in kind]
    return list(dict.fromkeys(said))


def json_schema() -> dict[str, Any]:
    """JSON Schema definitions of all messages, by model name, as they are on the wire."""
    _, schema = models_json_schema(
        [(model, "validation") for model in models()],
        by_alias=True,
        ref_template="#/components/schemas/{model}",
    )
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


def asyncapi(version: str) -> dict[str, Any]:
    """Build the AsyncAPI 3.0 document of the WebSocket and MQTT surfaces."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for path in WEBSOCKET_PATHS:
        name = "websocket" + path.replace("/", "-").replace("{jobId}", "job")
        channels[name] = _channel(path, WEBSOCKET, "What a browser hears.")
        operations[f"send-{name}"] = _operation("send", name)
    for kind, said in PAYLOADS.items():
        manners = MANNERS[kind]
        channels[kind.value] = _channel(address(kind), said, manners.about)
        action = "send" if manners.source == "hub" else "receive"
        operations[f"{action}-{kind}"] = _operation(action, kind.value) | {
            "bindings": {"mqtt": {"qos": manners.qos, "retain": manners.retain}}
        }
    channels["announce"] = _channel(topics.ANNOUNCE, (orders.Announce,), "Say all that is true.")
    operations["receive-announce"] = _operation("receive", "announce") | {
        "bindings": {"mqtt": {"qos": 1, "retain": False}}
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "flashyard",
            "version": version,
            "description": "Operations are told from the side of hub and bridge.",
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {
                model.__name__: {
                    "contentType": "application/json",
                    "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
                }
                for model in models()
            },
            "schemas": json_schema(),
        },
    }


def _channel(place: str, said: tuple[type[Model], ...], about: str) -> dict[str, Any]:
    names = [part.split("}")[0] for part in place.split("{")[1:]]
    channel: dict[str, Any] = {
        "address": place,
        "description": about,
        "messages": {
            model.__name__: {"$ref": f"#/components/messages/{model.__name__}"} for model in said
        },
    }
    if names:
        channel["parameters"] = {name: {"description": f"The {name}'s id."} for name in names}
    return channel


def _operation(action: str, channel: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}
