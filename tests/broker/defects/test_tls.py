"""Mutual TLS: who has no certificate does not come in."""

from __future__ import annotations

import ssl
from pathlib import Path

from support.authority import Authority
from support.defects import MutualTls, Serve, defect, mended
from support.raw_mqtt import CONNACK, connect, dialled


@defect("D13", "a client certificate is optional, whatever is configured")
async def test_who_has_no_certificate_is_never_asked_who_it_is(
    serve: Serve, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "authority")
    broker_files, hub_files = authority.certify("127.0.0.1"), authority.certify("bench-a")
    stranger = ssl.create_default_context(cafile=str(authority.ca))
    hub = ssl.create_default_context(cafile=str(authority.ca))
    hub.load_cert_chain(*hub_files)
    async with serve(tls=MutualTls(*broker_files, authority.ca), anonymous=True) as broker:
        async with dialled(broker.port, hub) as known:
            await known.send(connect("bench-a"))
            await known.expect(CONNACK, b"\x00\x00")
        with mended():
            assert not await is_answered(broker.port, stranger)


async def is_answered(port: int, context: ssl.SSLContext) -> bool:
    """Does the broker say anything to a CONNECT? With TLS 1.3 a refusal follows the handshake."""
    try:
        async with dialled(port, context) as client:
            await client.send(connect("bench-a"))
            await client.receive()
    except (ssl.SSLError, EOFError, ConnectionError):
        return False
    return True
