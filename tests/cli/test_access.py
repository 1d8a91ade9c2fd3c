"""`flashyard access` as a process: credentials are made, listed, revoked and exported."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flashyard_broker.identities.credentials import Credentials
from support.processes import Finished, flashyard
from support.terminal import on_terminal

SECRET = re.compile(r"[A-Za-z0-9_-]{43}\n")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def access(data: Path, *arguments: str | Path) -> Finished:
    return await flashyard("access", *arguments, "--data-dir", data)


async def test_a_secret_is_data_shown_once_and_lets_in(data: Path) -> None:
    added = await access(data, "add", "hub", "bench-a")
    assert added.status == 0, added.err
    assert SECRET.fullmatch(added.out)
    secret = added.out.strip()
    assert secret not in added.err
    assert "mqtts://bench-a:SECRET@HOST:PORT" in added.err
    assert "within a second" in added.err  # a running broker looks once a second
    credentials = Credentials(data / "broker" / "credentials.json")
    credentials.load()
    assert await credentials.verify("bench-a", secret)
    for told in (await access(data, "list"), await access(data, "list", "--json")):
        assert secret not in told.out + told.err
        assert "$argon2" not in told.out + told.err


async def test_who_is_let_in_is_listed_for_eyes_and_for_programs(data: Path) -> None:
    said = await access(data, "add", "viewer", "wall", "--json")
    assert json.loads(said.out).keys() == {"name", "role", "secret"}
    assert (await access(data, "add", "bridge", "office")).status == 0
    heads, *rows = (await access(data, "list")).out.splitlines()
    assert heads.split() == ["NAME", "ROLE", "SINCE"]
    assert [row.split()[:2] for row in rows] == [["office", "bridge"], ["wall", "viewer"]]
    lines = [json.loads(line) for line in (await access(data, "list", "--json")).out.splitlines()]
    assert [(line["name"], line["role"]) for line in lines] == [
        ("office", "bridge"),
        ("wall", "viewer"),
    ]
    assert all(isinstance(line["since"], int) for line in lines)


async def test_an_empty_list_teaches(data: Path) -> None:
    told = await access(data, "list")
    assert (told.status, told.out) == (0, "")
    assert "flashyard access add hub NAME" in told.err


async def test_the_revoked_are_gone_and_cannot_be_revoked_again(data: Path) -> None:
    await access(data, "add", "hub", "bench-a")
    revoked = await access(data, "revoke", "bench-a")
    assert (revoked.status, revoked.out) == (0, "")
    assert "bench-a" in revoked.err
    assert (await access(data, "list")).out == ""
    again = await access(data, "revoke", "bench-a")
    assert again.status == 1
    assert again.err.startswith("flashyard: There is no identity named 'bench-a'.\nhint: ")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["add", "king", "bench-a"], "king"),
        (["add", "hub"], "NAME"),
        (["add", "hub", "Bench_A"], "Bench_A"),
        (["export", "nats", "--out", "x"], "nats"),
        (["export", "mosquitto"], "--out"),
        (["export", "mosquitto", "--out", "x"], "flashyard access add"),
        (["shout"], "shout"),
    ],
)
async def test_what_cannot_be_is_one_sentence_and_a_usage_error(
    data: Path, arguments: list[str], word: str
) -> None:
    refused = await access(data, *arguments)
    assert refused.status == 2, refused.err
    assert word in refused.err
    assert refused.err.startswith("flashyard: ")
    assert "Value error" not in refused.err
    assert not (data / "broker" / "credentials.json").exists()


async def test_credentials_are_made_before_the_broker_may_listen_beyond_this_machine(
    data: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "flashyard.toml"
    settings.write_text('[broker]\nlisten = ["0.0.0.0:8883"]\n')
    added = await flashyard(
        *("--config", settings, "access", "add", "hub", "bench-a", "--data-dir", data)
    )
    assert added.status == 0, added.err


async def test_another_file_can_be_named(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    assert (await access(data, "add", "hub", "bench-a", "--credentials", other)).status == 0
    assert "bench-a" in (await access(data, "list", "--credentials", other)).out
    assert (await access(data, "list")).out == ""


@pytest.mark.parametrize("verb", [["add", "hub", "bench-a"], ["revoke", "bench-a"], ["list"]])
async def test_no_directory_is_made_for_a_file_that_was_named(
    data: Path, tmp_path: Path, verb: list[str]
) -> None:
    nowhere = tmp_path / "nowhere"
    refused = await access(data, *verb, "--credentials", nowhere / "c.json")
    assert (refused.status, refused.out) == (2, "")
    assert f"There is no directory {nowhere}" in refused.err
    assert not nowhere.exists()


async def test_mosquittos_files_are_written_for_their_owner_and_named(
    data: Path, tmp_path: Path
) -> None:
    secret = (await access(data, "add", "hub", "bench-a")).out.strip()
    exported = await access(data, "export", "mosquitto", "--out", tmp_path / "etc")
    paths = [Path(line) for line in exported.out.splitlines()]
    assert [path.name for path in paths] == ["flashyard.acl", "flashyard.passwd", "flashyard.conf"]
    for path in paths:
        assert path.stat().st_mode & 0o777 == 0o600
        assert secret not in path.read_text()
    assert "docs/access.md" in exported.err
    assert "kept" not in exported.err
    again = await access(data, "export", "mosquitto", "--out", tmp_path / "etc")
    assert again.out == exported.out
    assert f"{paths[2]} was there and is kept" in again.err


async def test_without_a_word_it_tells_what_it_can() -> None:
    told = await flashyard("access")
    assert told.status == 0, told.err
    assert all(word in told.out for word in ("add", "list", "revoke", "export"))


async def test_on_a_terminal_the_secret_stands_between_what_is_said(data: Path) -> None:
    async with on_terminal("access", "add", "hub", "bench-a", "--data-dir", data) as terminal:
        await terminal.shows("FLASHYARD_HUB_BROKER")
        assert await terminal.ended() == 0
        first, secret, last, *_ = terminal.text.splitlines()
        assert "shown this once" in first
        assert SECRET.fullmatch(f"{secret}\n")
        assert last.startswith("Use it: ")
