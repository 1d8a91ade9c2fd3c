"""The plugin as amqtt asks it; over sockets it is tried in `test_refusals.py`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from amqtt.contexts import Action, BaseContext
from amqtt.session import Session

from flashyard.contract.faults import FaultError
from flashyard.contract.topics import ROOT
from flashyard_broker.access import Role
from flashyard_broker.identities.credential_file import CredentialFile
from flashyard_broker.identities.plugin import AccessPlugin


class Certified:
    """What TLS tells of a client: here, a certificate that was verified."""

    def __init__(self, *subject: tuple[str, str]) -> None:
        self._subject = subject

    def getpeercert(self) -> Mapping[str, Any]:
        return {"subject": tuple((pair,) for pair in self._subject)}


@pytest.fixture
def file(tmp_path: Path) -> CredentialFile:
    return CredentialFile(tmp_path / "credentials.json")


def plugin_of(file: CredentialFile) -> AccessPlugin:
    context = BaseContext()
    context.config = AccessPlugin.Config(str(file.path))  # type: ignore[assignment] # as amqtt does
    return AccessPlugin(context)


def a_session(
    user: str | None,
    secret: str | None = None,
    client_id: str | None = None,
    *,
    anonymous: bool = False,
    certificate: Certified | None = None,
) -> Session:
    session = Session()
    session.username, session.password = user, secret
    session.client_id = client_id or user or "someone"
    session.remote_address = "192.0.2.7"
    session.attributes["flashyard.anonymous"] = anonymous
    session.ssl_object = certificate  # type: ignore[assignment] # the part of it that is asked
    return session


def test_it_does_not_start_without_credentials(file: CredentialFile) -> None:
    with pytest.raises(FaultError, match="cannot be read"):
        plugin_of(file)


async def test_a_name_its_secret_and_its_client_id_go_together(file: CredentialFile) -> None:
    secret = file.add(Role.HUB, "bench-a")
    plugin = plugin_of(file)
    assert await plugin.authenticate(session=a_session("bench-a", secret))
    assert not await plugin.authenticate(session=a_session("bench-a", "x" + secret))
    assert not await plugin.authenticate(session=a_session("bench-a"))
    assert not await plugin.authenticate(session=a_session("bench-a", secret, "bench-b"))
    assert not await plugin.authenticate(session=a_session("", secret))


async def test_without_a_name_one_is_let_in_on_loopback_alone(file: CredentialFile) -> None:
    file.add(Role.HUB, "bench-a")
    plugin = plugin_of(file)
    assert not await plugin.authenticate(session=a_session(None))
    here = a_session(None, anonymous=True)
    assert await plugin.authenticate(session=here)
    assert here.is_anonymous
    for action in Action:
        assert await plugin.topic_filtering(session=here, topic="any/topic", action=action)
    assert not plugin.clears_only(here, f"{ROOT}/bench-a/presence")
    # A name is judged there as well.
    assert not await plugin.authenticate(session=a_session("bench-a", "guess", anonymous=True))


async def test_a_verified_certificate_names_an_identity(file: CredentialFile) -> None:
    file.add(Role.HUB, "bench-a")
    plugin = plugin_of(file)
    certificate = Certified(("countryName", "DE"), ("commonName", "bench-a"))
    session = a_session(None, client_id="bench-a", certificate=certificate)
    assert await plugin.authenticate(session=session)
    assert session.username == "bench-a"
    order = f"{ROOT}/bench-a/order"
    assert await plugin.topic_filtering(session=session, topic=order, action=Action.SUBSCRIBE)
    assert not await plugin.topic_filtering(session=session, topic=order, action=Action.PUBLISH)
    for refused in (
        a_session(None, client_id="bench-b", certificate=certificate),
        a_session(None, client_id="nobody", certificate=Certified(("commonName", "nobody"))),
        a_session(None, client_id="bench-a", certificate=Certified(("countryName", "DE"))),
        a_session(None, client_id="bench-a", certificate=Certified()),
        a_session("bench-a", "guess", certificate=certificate),
    ):
        assert not await plugin.authenticate(session=refused)


async def test_a_revoked_identity_has_no_rights_at_once(file: CredentialFile) -> None:
    session = a_session("office", file.add(Role.BRIDGE, "office"))
    plugin = plugin_of(file)
    assert await plugin.authenticate(session=session)
    order, presence = f"{ROOT}/bench-a/order", f"{ROOT}/bench-a/presence"
    for action in Action:
        assert await plugin.topic_filtering(session=session, topic=order, action=action)
    assert plugin.clears_only(session, presence)
    assert not plugin.clears_only(session, order)
    file.revoke("office")
    assert plugin.credentials.reload() == {"office"}
    for action in Action:
        assert not await plugin.topic_filtering(session=session, topic=order, action=action)
    assert not await plugin.topic_filtering(session=session, action=Action.PUBLISH)
    assert not await plugin.topic_filtering(topic=order, action=Action.PUBLISH)


async def test_a_refusal_is_logged_once_with_the_identity_and_no_secret(
    file: CredentialFile, caplog: pytest.LogCaptureFixture
) -> None:
    file.add(Role.HUB, "bench-a")
    plugin = plugin_of(file)
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        await plugin.authenticate(session=a_session("bench-a", "my-guess", "cli\nent"))
    (line,) = (each.getMessage() for each in caplog.records)
    assert "'bench-a'" in line
    assert "192.0.2.7" in line
    assert "\n" not in line
    assert "my-guess" not in line
    caplog.clear()
    await plugin.authenticate(session=a_session("x" * 10_000, "guess", "y" * 10_000))
    (line,) = (each.getMessage() for each in caplog.records)
    assert len(line) < 300


async def test_a_refusal_without_a_name_is_told_in_words(
    file: CredentialFile, caplog: pytest.LogCaptureFixture
) -> None:
    file.add(Role.HUB, "bench-a")
    await plugin_of(file).authenticate(session=a_session(None))
    assert "refused somebody without a name from 192.0.2.7 as" in caplog.text


async def test_who_guesses_names_does_not_fill_the_log_and_a_minute_later_it_goes_on(
    file: CredentialFile, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.add(Role.HUB, "bench-a")
    plugin = plugin_of(file)
    for number in range(1_000):
        await plugin.authenticate(session=a_session(f"guess-{number}"))
    assert len(caplog.records) == 200
    monkeypatch.setattr("flashyard_broker.told._SILENCE", 0)  # the minute is over
    for number in range(3):
        await plugin.authenticate(session=a_session(f"guess-{number}"))
    assert len(caplog.records) == 203
