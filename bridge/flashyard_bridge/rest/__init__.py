"""REST: one noun a file, each with its router. Knows HTTP and the bridge's parts, no MQTT."""

from __future__ import annotations

from fastapi import APIRouter

from flashyard_bridge.rest import (
    audit,
    batches,
    control,
    described,
    devices,
    flash,
    foresight,
    health,
    history,
    hubs,
    images,
    jobs,
    metrics,
    page,
    standing,
    stats,
)


def routers() -> list[APIRouter]:
    """List the routers for the app to include, in the order of the documentation."""
    of_jobs = (flash, foresight, batches, jobs, history, stats, audit, control)
    of_yard = (devices, standing, hubs, images)
    of_bridge = (health, metrics, described, page)
    return [noun.router for noun in (*of_jobs, *of_yard, *of_bridge)]
