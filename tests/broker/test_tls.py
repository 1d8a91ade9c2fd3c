"""The broker's TLS: what is refused of its files, and who is refused in the handshake."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.link import client_context
from flashyard_broker.tls import server_context
from support.authority import Authority

NAME = "localhost"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@asynccontextmanager
async def echoing(context: ssl.SSLContext) -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(1))
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


async def is_let_in(port: int, context: ssl.SSLContext) -> bool:
    """Does it get an echo? With TLS 1.3 it finds itself refused only after its handshake."""
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=NAME
        )
        try:
            writer.write(b"x")
            return await reader.read(1) == b"x"
        finally:
            writer.transport.abort()
    except (ssl.SSLError, ConnectionError):
        return False


async def test_a_client_without_a_certificate_is_refused_where_one_is_asked_for(
    tmp_path: Path, authority: Authority
) -> None:
    shown, mine = authority.certify(NAME), authority.certify("hub.yard")
    stranger = Authority(tmp_path / "stranger").certify("hub.yard")
    async with echoing(server_context(shown.cert, shown.key, authority.ca)) as port:
        assert await is_let_in(port, client_context(authority.ca, mine.cert, mine.key))
        for refused in (
            client_context(authority.ca),
            client_context(authority.ca, stranger.cert, stranger.key),
        ):
            assert not await is_let_in(port, refused)


async def test_no_certificate_is_asked_for_unless_it_is_wanted(authority: Authority) -> None:
    shown = authority.certify(NAME)
    async with echoing(server_context(shown.cert, shown.key)) as port:
        assert await is_let_in(port, client_context(authority.ca))


async def test_what_is_older_than_tls_1_2_is_refused(authority: Authority) -> None:
    shown = authority.certify(NAME)
    old = client_context(authority.ca)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with echoing(server_context(shown.cert, shown.key)) as port:
        assert not await is_let_in(port, old)


Spoil = Callable[[Path, Path, Path], None]


@pytest.mark.parametrize(
    ("spoil", "named", "reason"),
    [
        (lambda cert, _key, _ca: cert.unlink(), "--tls-cert", "cannot be read: No such file"),
        (lambda _cert, key, _ca: key.unlink(), "--tls-key", "cannot be read: No such file"),
        (lambda _cert, _key, ca: ca.unlink(), "--client-ca", "cannot be read: No such file"),
        (lambda cert, _key, _ca: cert.write_text("x"), "--tls-cert", "holds no certificate"),
        (lambda _cert, key, _ca: key.write_text("x"), "--tls-key", "holds no private key"),
        (lambda _cert, _key, ca: ca.write_text("x"), "--client-ca", "holds no certificate"),
        (lambda cert, key, _ca: key.write_bytes(cert.read_bytes()), "--tls-key", "no private key"),
    ],
    ids=["no cert", "no key", "no ca", "cert is none", "key is none", "ca is none", "cert as key"],
)
def test_a_file_that_cannot_be_used_is_told_by_its_setting(
    authority: Authority, spoil: Spoil, named: str, reason: str
) -> None:
    shown = authority.certify(NAME)
    spoil(shown.cert, shown.key, authority.ca)
    with pytest.raises(FaultError) as refusal:
        server_context(shown.cert, shown.key, authority.ca)
    assert refusal.value.fault.code is Code.INVALID_REQUEST
    assert named in str(refusal.value)
    assert reason in str(refusal.value)


def test_a_key_of_another_certificate_is_told(authority: Authority) -> None:
    shown, other = authority.certify(NAME), authority.certify("other.yard")
    with pytest.raises(FaultError, match="is not the key of the certificate in"):
        server_context(shown.cert, other.key)


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_passphrase(
    authority: Authority,
) -> None:
    shown = authority.certify(NAME)
    authority.encrypt(shown.key)
    with pytest.raises(FaultError, match="is encrypted"):
        server_context(shown.cert, shown.key)
