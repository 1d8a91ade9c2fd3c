"""One hub to a directory."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path

import pytest

from flashyard.agent.journal.claim import Claim
from flashyard.agent.journal.journal import Journal
from flashyard.contract.faults import Code
from support.faults import refused


def test_a_directory_is_one_hubs_until_that_lets_go(tmp_path: Path) -> None:
    first, second = Claim(tmp_path / "hub"), Claim(tmp_path / "hub")
    first.take()
    with refused(Code.INVALID_REQUEST):
        second.take()
    first.release()
    second.take()
    second.release()


async def test_a_second_journal_in_one_directory_is_refused(tmp_path: Path) -> None:
    first, second = Journal(tmp_path / "journal.db"), Journal(tmp_path / "journal.db")
    first.open()
    with refused(Code.INVALID_REQUEST):
        second.open()
    await first.close()
    second.open()
    await second.close()


def test_where_there_are_no_locks_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(_held: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", cannot)
    claims = Claim(tmp_path), Claim(tmp_path)
    for claim in claims:
        claim.take()
    for claim in claims:
        claim.release()
