"""Whether an image has to be sent at all. It knows no terminal."""

from __future__ import annotations

from flashyard.client.bridge import Bridge
from flashyard.client.upload import LocalImage
from flashyard.flash.facts import ImageFacts


async def is_stored(bridge: Bridge, image: LocalImage, facts: ImageFacts, *, as_is: bool) -> bool:
    """Does the bridge have it, and for what it is meant to be: compressed, or as it is?"""
    if not await bridge.has_image(image.sha256):
        return False
    if facts.unpacked is None and not as_is:
        return True
    return any(
        stored.sha256 == image.sha256 and (stored.unpacked is None) is as_is
        for stored in await bridge.images()
    )
