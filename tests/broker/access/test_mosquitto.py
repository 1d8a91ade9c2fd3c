"""The files for Mosquitto, and what `docs/access.md` says that it does with them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.contract.topics import ROOT, Kind, build
from flashyard_broker.access import TABLE, Role, rights_of
from flashyard_broker.identities.credential_file import CredentialFile
from flashyard_broker.identities.mosquitto import ACCESS, LISTENER, PASSWORDS, access_list, export
from support.authority import Authority
from support.guarded import GuardedMosquitto
from support.raw_mqtt import CONNACK, SUBACK, connect, dialled, publish, subscribe

OWN, THEIRS = (build(Kind.EVENT, hub, "PIXEL6_001") for hub in ("bench-a", "bench-b"))
PRESENCE = build(Kind.PRESENCE, "bench-a")


@pytest.fixture
def file(tmp_path: Path) -> CredentialFile:
    made = CredentialFile(tmp_path / "credentials.json")
    for role in Role:
        made.add(role, f"a-{role}")
    return made


def test_each_identity_has_its_rights_and_no_pattern_gives_any_to_all(file: CredentialFile) -> None:
    head, *blocks = access_list(file.read()).split("\nuser ")
    assert "topic" not in head
    assert len(blocks) == len(TABLE)
    for block in blocks:
        name, *lines = [line for line in block.splitlines() if line and line[0] != "#"]
        rights = rights_of(Role(name.removeprefix("a-")), name)
        assert lines == [
            *(f"topic read {each}" for each in rights.reads),
            *(f"topic write {each}" for each in (*rights.writes, *rights.clears)),
        ]


def test_an_export_is_for_its_owners_eyes_and_a_later_one_keeps_the_mode(
    file: CredentialFile, tmp_path: Path
) -> None:
    place = tmp_path / "etc" / "mosquitto"
    paths = export(file.read(), place).paths
    assert [path.name for path in paths] == [ACCESS, PASSWORDS, LISTENER]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    (place / PASSWORDS).chmod(0o640)
    file.revoke("a-hub")
    export(file.read(), place)
    assert (place / PASSWORDS).stat().st_mode & 0o777 == 0o640
    for name in (ACCESS, PASSWORDS):
        assert "a-hub" not in (place / name).read_text()
    assert f"password_file {place / PASSWORDS}\n" in (place / LISTENER).read_text()


def test_what_the_operator_made_of_the_listener_is_kept(
    file: CredentialFile, tmp_path: Path
) -> None:
    assert not export(file.read(), tmp_path).is_kept
    listener = tmp_path / LISTENER
    own = listener.read_text().replace("listener 8883", "listener 18883")
    own += "use_username_as_clientid true\n"
    listener.write_text(own)
    file.revoke("a-hub")
    assert export(file.read(), tmp_path).is_kept
    assert listener.read_text() == own
    assert "a-hub" not in (tmp_path / ACCESS).read_text() + (tmp_path / PASSWORDS).read_text()


def test_where_nothing_can_be_written_is_said(file: CredentialFile) -> None:
    with pytest.raises(FaultError, match="cannot be written to") as refused:
        export(file.read(), file.path)
    assert refused.value.fault.code is Code.INVALID_REQUEST


async def test_it_grants_what_reaches_too_far_and_delivers_what_is_allowed(tmp_path: Path) -> None:
    async with (
        GuardedMosquitto(tmp_path) as broker,
        broker.client("bench-a") as hub,
        broker.client("bench-b") as other,
    ):
        await hub.send(subscribe("#", f"{ROOT}/+/device/+/event"))
        await hub.expect(SUBACK, bytes([0, 1, 0, 0]))
        await other.send(publish(THEIRS, b"theirs"))
        await other.silent()
        await hub.send(publish(OWN, b"own"))
        assert (await hub.message()).topic == OWN


async def test_it_lets_a_bridge_publish_where_it_may_only_clear(tmp_path: Path) -> None:
    async with (
        GuardedMosquitto(tmp_path) as broker,
        broker.client("bench-a") as hub,
        broker.client("office") as bridge,
    ):
        await hub.send(subscribe(PRESENCE))
        await hub.expect(SUBACK)
        await bridge.send(publish(PRESENCE, b"anything", retain=True))
        assert (await hub.message()).payload == b"anything"


async def test_a_certificate_takes_the_place_of_a_secret_there_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    shown = authority.certify("127.0.0.1")
    broker = GuardedMosquitto(
        tmp_path,
        f"certfile {shown.cert}\nkeyfile {shown.key}\ncafile {authority.ca}\n"
        "require_certificate true\nuse_identity_as_username true",
    )
    context = ssl.create_default_context(cafile=str(authority.ca))
    mine = authority.certify("hub.lan", common_name="bench-a")
    context.load_cert_chain(mine.cert, mine.key)
    async with broker, dialled(broker.port, context) as hub:
        await hub.send(connect("bench-a"))
        await hub.expect(CONNACK, bytes([0, 0]))
        await hub.send(subscribe("#"))
        await hub.expect(SUBACK)
        await hub.send(publish(THEIRS, b"forged"), publish(OWN, b"own"))
        assert (await hub.message()).topic == OWN


@pytest.mark.parametrize("binds", [False, True])
async def test_a_client_id_is_anybodys_unless_the_listener_takes_it_from_the_name(
    tmp_path: Path, *, binds: bool
) -> None:
    broker = GuardedMosquitto(tmp_path, "use_username_as_clientid true" if binds else "")
    async with (
        broker,
        broker.client("bench-b") as owner,
        broker.client("wall", "bench-b") as viewer,
    ):
        await viewer.silent()
        if binds:
            assert await owner.silent() == []
        else:
            assert await owner.closed() == []
