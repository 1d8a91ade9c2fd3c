"""A command tells its bridge who works at this terminal, unless that is nobody's business."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

import pytest

from flashyard.cli.reaching import bridge_of, whoever_is_here
from flashyard.client.introduction import AGENT
from flashyard.contract.requester import USER_HEADER
from flashyard.settings import ClientSettings


def _no_terminal() -> str:
    raise OSError


def test_who_logged_in_is_told_also_under_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getlogin", lambda: "kim")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert whoever_is_here() == f"kim@{socket.gethostname()}"


def test_without_a_terminal_it_is_whose_process_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getlogin", _no_terminal)
    name = pwd.getpwuid(os.getuid()).pw_name
    assert whoever_is_here() == f"{name}@{socket.gethostname()}"
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_001)
    assert whoever_is_here() == f"4000000001@{socket.gethostname()}"


async def test_the_bridge_is_told_unless_a_setting_says_no(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("kim s3cret")
    async with bridge_of(ClientSettings(token_file=token)) as bridge:
        headers = bridge._http.headers
        assert headers["authorization"] == "Bearer s3cret"
        assert headers["user-agent"] == AGENT
        assert USER_HEADER in headers
    async with bridge_of(ClientSettings(tell_user=False)) as bridge:
        assert USER_HEADER not in bridge._http.headers
        assert bridge._http.headers["user-agent"] == AGENT
