"""A word with a broker, as somebody: is it one, and does it let us in? Nothing is published."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Sequence

from flashyard.contract.faults import FaultError
from flashyard.link import Link
from flashyard.link.reach import reach

WITHIN = 2.5  # seconds, for all of it
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
        await reach(url, tls, WITHIN / 2)  # sooner told than by a link, which goes on trying
        link = Link(
            url,
            client_id or f"flashyard-doctor-{secrets.token_hex(4)}",
            owner="hub",
            tls=tls,
            on_message=lambda *_: None,
            subscriptions=subscriptions,
            connect_timeout=WITHIN / 2,
        )
        async with link:
            await link.wait_until_up(WITHIN - 0.5)
    except FaultError as error:
        return error.fault.details or error.fault.sentence
    return None


def is_refusal(reason: str) -> bool:
    """Did a broker say no? Then it is one."""
    return reason.startswith(_REFUSED)
