"""REST: one noun a file, each with its router. Knows HTTP and the bridge's parts, no MQTT."""

from __future__ import annotations

from fastapi import APIRouter

from flashyard_bridge.rest import control, devices, flash, hubs, images, jobs, unbuilt


def routers() -> list[APIRouter]:
    """List the routers for the app to include, in the order of the documentation."""
    nouns = (flash, jobs, control, devices, hubs, images, unbuilt)
    return [noun.router for noun in nouns]
