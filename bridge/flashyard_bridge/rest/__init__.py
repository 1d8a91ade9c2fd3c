"""REST: one noun a file, each with its router. Knows HTTP and the bridge's parts, no MQTT."""

from __future__ import annotations

from fastapi import APIRouter

from flashyard_bridge.rest import (
    control,
    described,
    devices,
    flash,
    health,
    history,
    hubs,
    images,
    jobs,
    page,
    unbuilt,
)


def routers() -> list[APIRouter]:
    """List the routers for the app to include, in the order of the documentation."""
    nouns = (flash, jobs, history, control, devices, hubs, images, health, unbuilt, described, page)
    return [noun.router for noun in nouns]
