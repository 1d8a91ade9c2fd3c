"""A word with a broker, as somebody: is it one, and does it let us in? Nothing is published."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Sequence
from contextlib import suppress

from flashyard.contract.faults import FaultError
from flashyard.link import Link

WITHIN = 2.5  # seconds, for all of it
_LOOK_AGAIN = 0.02
_REFUSED = "the broker refused"  # as the link begins, where a broker has said no


async def greet(
    url: str,
    *,
    client_id: str | None = None,
    tls: ssl.SSLContext | None = None,
    subscriptions: Sequence[tuple[str, int]] = (),
) -> str | None:
    """Connect and subscribe, and leave in order; return why that failed.

    ``client_id``: by default nobody's, since two connections of one id put each other off.
    """
    try:
        link = Link(
            url,
            client_id or f"flashyard-doctor-{secrets.token_hex(4)}",
            owner="hub",
            tls=tls,
            on_message=lambda *_: None,
            subscriptions=subscriptions,
            connect_timeout=WITHIN - 0.5,
        )
        async with link:
            await _first_word(link)
    except FaultError as error:
        return error.fault.details or error.fault.sentence
    return None


async def _first_word(link: Link) -> None:
    """Wait until it is up, or has failed once; it would go on trying.

    Raises:
        FaultError: as `Link.wait_until_up`.
    """
    so_far = link.down_reason
    with suppress(TimeoutError):
        async with asyncio.timeout(WITHIN):
            while not link.is_up and link.down_reason == so_far:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(_LOOK_AGAIN)
    await link.wait_until_up(0)


def is_refusal(reason: str) -> bool:
    """Did a broker say no? Then it is one."""
    return reason.startswith(_REFUSED)
