"""A cargo's images on their way into the bridge's store: only those that are not there yet."""

from __future__ import annotations

from flashyard.cli.cargo import Cargo, Piece
from flashyard.cli.transfer import transfer
from flashyard.client.bridge import Bridge
from flashyard.client.upload import send
from flashyard.contract.records import StoredImage


async def stored(bridge: Bridge, cargo: Cargo) -> frozenset[str]:
    """Tell what the bridge has, for what it is meant to be: compressed, or as it is."""
    known: dict[str, StoredImage] | None = None
    have: set[str] = set()
    for piece in cargo.images():
        if not await bridge.has_image(piece.image.sha256):
            continue
        if known is None and not _is_either(piece):
            known = {each.sha256: each for each in await bridge.images()}
        if _is_either(piece) or _is_meant(piece, known or {}):
            have.add(piece.image.sha256)
    return frozenset(have)


def _is_either(piece: Piece) -> bool:
    """Is it the same to a bridge whether it is to be unpacked?"""
    return piece.facts.unpacked is None and piece.unpack


def _is_meant(piece: Piece, known: dict[str, StoredImage]) -> bool:
    found = known.get(piece.image.sha256)
    return found is not None and (found.unpacked is not None) is piece.unpack


async def send_missing(bridge: Bridge, cargo: Cargo, have: frozenset[str]) -> None:
    """Send what the bridge has not.

    Raises:
        FaultError: the bridge refuses it, or a file changed under our hands.
        UnreachableError: the bridge went away.
    """
    for piece in cargo.images():
        if piece.image.sha256 not in have:
            with transfer("Sending", piece.image.name, piece.image.size) as advance:
                await send(bridge, piece.image, advance, unpack=piece.unpack)
