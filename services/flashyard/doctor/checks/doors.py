"""Are the two usual ports free, or held by what should hold them?"""

from __future__ import annotations

import socket

from flashyard.client.readiness import readiness
from flashyard.client.unreachable import UnreachableError
from flashyard.doctor.finding import About, Finding
from flashyard.doctor.greeting import greet, is_refusal
from flashyard.endpoint import Endpoint

_ABOUT = About("ports")
HTTP, MQTT = Endpoint("127.0.0.1", 8000), Endpoint("127.0.0.1", 1883)
_WITHIN = 2.0  # seconds


async def http_door(door: Endpoint = HTTP) -> Finding:
    """Look whether a bridge has it, or could."""
    if is_free(door):
        return _ABOUT.ok(f"{door} is free for a bridge.")
    try:
        await readiness(f"http://{door}", _WITHIN)
    except UnreachableError:
        return _ABOUT.warning(
            f"Something that is no bridge listens at {door}.",
            f"flashyard up --listen {door.host}:{door.port + 1}",
        )
    return _ABOUT.ok(f"A bridge listens at {door}.")


async def mqtt_door(door: Endpoint = MQTT) -> Finding:
    """Look whether a broker has it, or could; one that refuses a stranger is one, too."""
    if is_free(door):
        return _ABOUT.ok(f"{door} is free for a broker.")
    reason = await greet(f"mqtt://{door}")
    if reason is not None and not is_refusal(reason):
        return _ABOUT.warning(
            f"Something listens at {door} that is no MQTT broker, or speaks TLS alone.",
            f"flashyard up --mqtt {door.host}:{door.port + 1}",
        )
    return _ABOUT.ok(f"A broker listens at {door}.")


def is_free(door: Endpoint) -> bool:
    """Could somebody listen there?"""
    try:
        socket.create_server((door.host, door.port)).close()
    except OSError:
        return False
    return True
