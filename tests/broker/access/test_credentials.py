from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import time
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard_broker.access import Role
from flashyard_broker.identities.credential_file import CredentialFile
from flashyard_broker.identities.credentials import Credentials
from flashyard_broker.identities.secret import LONGEST


@pytest.fixture
def file(tmp_path: Path) -> CredentialFile:
    return CredentialFile(tmp_path / "broker" / "credentials.json")


def loaded(file: CredentialFile) -> Credentials:
    credentials = Credentials(file.path)
    credentials.load()
    return credentials


def test_a_secret_is_shown_once_and_kept_nowhere(file: CredentialFile) -> None:
    secret = file.add(Role.HUB, "bench-a")
    assert len(secret) >= 43
    assert secret not in file.path.read_text()
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert [(name, each.role) for name, each in file.read().items()] == [("bench-a", Role.HUB)]
    assert sorted(each.name for each in file.path.parent.iterdir()) == [
        "credentials.json",
        "credentials.lock",
    ]


def test_hubs_bridges_and_viewers_share_one_name_space(file: CredentialFile) -> None:
    file.add(Role.HUB, "bench-a")
    with pytest.raises(FaultError, match="There is a hub named bench-a already") as refused:
        file.add(Role.VIEWER, "bench-a")
    assert refused.value.fault.code is Code.INVALID_REQUEST
    file.revoke("bench-a")
    file.add(Role.VIEWER, "bench-a")


@pytest.mark.parametrize("name", ["", "-a", "Bench", "a.b", "a/b", "+", "_all", "a" * 32, "a\n"])
def test_a_name_is_a_hub_id(file: CredentialFile, name: str) -> None:
    with pytest.raises(FaultError, match="is no name for an identity"):
        file.add(Role.BRIDGE, name)
    assert not file.path.exists()


def test_nobody_can_be_revoked_who_is_not_there(file: CredentialFile) -> None:
    with pytest.raises(FaultError, match="'bench-a'") as refused:
        file.revoke("bench-a")
    assert refused.value.fault.code is Code.NOT_FOUND


def test_additions_at_the_same_time_are_all_kept(file: CredentialFile) -> None:
    names = [f"hub-{number}" for number in range(8)]
    threads = [threading.Thread(target=file.add, args=(Role.HUB, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(file.read()) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"version": 2, "identities": {}}',
        '{"identities": {"UPPER": {}}}',
        '{"identities": {"a": {"role": "king", "argon2": "x", "mosquitto": "y", "since": 0}}}',
        "{" + " " * 9_000_000,
    ],
)
def test_a_file_that_is_none_of_ours_is_said_to_be_and_left_alone(
    file: CredentialFile, text: str
) -> None:
    file.path.parent.mkdir()
    file.path.write_text(text)
    for act in (file.read, lambda: file.add(Role.HUB, "b"), lambda: file.revoke("b")):
        with pytest.raises(FaultError, match="not as flashyard writes them") as refused:
            act()
        assert refused.value.fault.code is Code.INVALID_REQUEST
        assert str(file.path) in refused.value.fault.sentence
    assert file.path.read_text() == text


def test_a_broken_hash_is_not_shown(file: CredentialFile) -> None:
    file.add(Role.HUB, "bench-a")
    book = json.loads(file.path.read_text())
    hashed = book["identities"]["bench-a"]["argon2"]
    book["identities"]["bench-a"]["argon2"] = f"x{hashed}"
    file.path.write_text(json.dumps(book))
    with pytest.raises(FaultError, match=r"bench-a\.argon2") as refused:
        file.read()
    assert hashed not in str(refused.value)


def test_a_missing_file_is_a_fault_that_tells_how_to_begin(file: CredentialFile) -> None:
    with pytest.raises(FaultError, match="cannot be read") as refused:
        Credentials(file.path).load()
    assert "flashyard access add" in (refused.value.fault.hint or "")


async def test_a_secret_lets_in_its_own_identity_alone(file: CredentialFile) -> None:
    first, second = file.add(Role.HUB, "bench-a"), file.add(Role.HUB, "bench-b")
    credentials = loaded(file)
    for _ in range(2):  # by argon2, then by memory
        assert await credentials.verify("bench-a", first)
        assert not await credentials.verify("bench-a", second)
        assert not await credentials.verify("bench-a", "")
        assert not await credentials.verify("nobody", first)
    assert not await credentials.verify("bench-b", "x" * (LONGEST + 1))


async def test_a_fleet_that_returns_at_once_is_let_in(file: CredentialFile) -> None:
    secrets = {f"hub-{number}": file.add(Role.HUB, f"hub-{number}") for number in range(20)}
    credentials = loaded(file)
    for _ in range(2):
        assert all(await asyncio.gather(*(credentials.verify(*each) for each in secrets.items())))


async def test_who_was_revoked_or_changed_is_told_and_let_in_no_more(file: CredentialFile) -> None:
    old = {name: file.add(Role.HUB, name) for name in ("gone", "renewed", "kept")}
    credentials = loaded(file)
    for name, secret in old.items():
        assert await credentials.verify(name, secret)
    assert credentials.reload() == frozenset()
    file.revoke("gone")
    file.revoke("renewed")
    new = file.add(Role.BRIDGE, "renewed")
    assert credentials.reload() == {"gone", "renewed"}
    assert credentials.reload() == frozenset()
    assert not await credentials.verify("gone", old["gone"])
    assert not await credentials.verify("renewed", old["renewed"])
    assert await credentials.verify("renewed", new)
    assert await credentials.verify("kept", old["kept"])
    assert credentials.role_of("gone") is None
    assert credentials.role_of("renewed") is Role.BRIDGE


async def test_who_is_revoked_while_verified_is_not_let_in(file: CredentialFile) -> None:
    secret = file.add(Role.HUB, "bench-a")
    credentials = loaded(file)
    verifying = asyncio.create_task(credentials.verify("bench-a", secret))
    await asyncio.sleep(0)
    file.revoke("bench-a")
    assert credentials.reload() == {"bench-a"}
    assert not await verifying


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_file_that_breaks_is_told_once_and_disconnects_nobody(
    file: CredentialFile, caplog: pytest.LogCaptureFixture, *, is_there: bool
) -> None:
    secret = file.add(Role.HUB, "bench-a")
    credentials = loaded(file)
    whole = file.path.read_bytes()
    if is_there:
        file.path.write_bytes(whole[:-20])
    else:
        file.path.unlink()
    for _ in range(3):
        assert credentials.reload() == frozenset()
    errors = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert len(errors) == 1
    assert str(file.path) in errors[0].getMessage()
    assert await credentials.verify("bench-a", secret)
    mended = file.path.with_suffix(".new")
    mended.write_bytes(whole)
    mended.replace(file.path)
    file.add(Role.HUB, "bench-b")
    assert credentials.reload() == frozenset()
    assert credentials.role_of("bench-b") is Role.HUB


def test_a_change_of_the_same_length_at_the_same_time_is_noticed(file: CredentialFile) -> None:
    file.add(Role.HUB, "bench-a")
    credentials = loaded(file)
    before = file.path.stat()
    file.path.write_text(file.path.read_text().replace("bench-a", "bench-b"))
    os.utime(file.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert credentials.reload() == {"bench-a"}


def test_a_file_that_did_not_change_for_a_while_is_not_read_again(
    file: CredentialFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.add(Role.HUB, "bench-a")
    later = time.time_ns() + 10**10
    monkeypatch.setattr(time, "time_ns", lambda: later)
    credentials = loaded(file)
    assert not credentials.changed()
    file.path.chmod(0o640)
    assert credentials.changed()
    assert credentials.reload() == frozenset()
    assert not credentials.changed()


def test_a_client_id_is_the_identitys_name_and_a_viewers_begins_with_it(
    file: CredentialFile,
) -> None:
    for role, name in ((Role.HUB, "wall-hub"), (Role.BRIDGE, "office"), (Role.VIEWER, "wall")):
        file.add(role, name)
    credentials = loaded(file)
    for name in ("wall-hub", "office", "wall"):
        assert credentials.may_use(name, name)
        assert not credentials.may_use(name, "")
    assert credentials.may_use("wall", "wall-left")
    assert not credentials.may_use("wall", "my-wall")
    assert not credentials.may_use("wall", "wall-hub"), "it is the hub's"
    assert not credentials.may_use("wall", "office")
    assert not credentials.may_use("office", "office-2")
    assert not credentials.may_use("wall-hub", "wall-hub-2")
    assert not credentials.may_use("nobody", "nobody")


def test_a_viewer_gives_back_a_client_id_that_becomes_somebodys_name(file: CredentialFile) -> None:
    file.add(Role.VIEWER, "wall")
    file.add(Role.VIEWER, "door")
    credentials = loaded(file)
    file.add(Role.HUB, "wall-hub")
    assert credentials.reload() == {"wall"}


async def test_who_guesses_at_one_name_keeps_nobody_of_another_waiting(
    file: CredentialFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.add(Role.HUB, "bench-a")
    secret = file.add(Role.HUB, "bench-b")
    credentials = loaded(file)
    may_go_on = threading.Event()
    asked: list[str] = []

    def slow(_: str, said: str) -> bool:
        asked.append(said)
        return said == secret or not may_go_on.wait(10)

    monkeypatch.setattr("flashyard_broker.identities.credentials.is_secret_of", slow)
    guesses = [
        asyncio.create_task(credentials.verify("bench-a", f"guess {number}")) for number in range(9)
    ]
    try:
        async with asyncio.timeout(5):
            assert await credentials.verify("bench-b", secret)
        assert asked.count(secret) == 1
    finally:
        may_go_on.set()
        assert await asyncio.gather(*guesses) == [False] * 9
