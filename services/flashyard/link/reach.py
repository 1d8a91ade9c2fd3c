"""Is a broker there at all? TCP, and TLS where it is spoken; not a word of MQTT."""

from __future__ import annotations

import ssl

from flashyard.contract.faults import Code, refuse
from flashyard.link.address import Address
from flashyard.link.dial import dial
from flashyard.link.letter import LinkDownError
from flashyard.link.tls import shake_hands


async def reach(url: str, tls: ssl.SSLContext | None, within: float) -> None:
    """Connect and hang up.

    Args:
        url: as a `Link` takes it.
        tls: of `tls_for`.
        within: seconds for TCP, and again for TLS.

    Raises:
        FaultError: `broker_unreachable`, with the reason.
    """
    address = Address.parse(url)
    try:
        sock = await dial(address, within)
        if tls is not None:
            sock = await shake_hands(sock, tls, address.host, within)
    except LinkDownError as down:
        raise refuse(
            Code.BROKER_UNREACHABLE,
            f"The MQTT broker at {address} cannot be reached.",
            details=str(down),
        ) from down
    sock.close()
