"""The original frontend's page shows the right cards, through all nine stories, unchanged."""

from __future__ import annotations

import json

import pytest

from support.hub_script import START
from support.original_hook import Hook
from support.stories import FIRST, SECOND, STORIES, tell
from support.transcript import Player


def _pages(name: str) -> dict[str, Hook]:
    """Let every browser of a story run the original hook; a page survives its connection."""
    player, pages = Player(), dict[str, Hook]()
    for line in tell(name):
        for told in player.perform(line):
            pages.setdefault(told["ws"], Hook()).message(json.dumps(told["payload"]))
    return pages


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("happy", "PIXEL6_001 100.0% Completed completed"),
        ("queued_then_cancelled", "PIXEL6_001 100.0% Completed completed"),
        ("pause_overtaken_by_a_sample", "PIXEL6_001 100.0% Completed completed"),
        ("bridge_killed_in_mid_job", "PIXEL6_001 100.0% Completed completed"),
        ("bridge_killed_while_the_job_ends", "PIXEL6_001 100.0% Completed completed"),
        ("broker_restart", "PIXEL6_001 100.0% Completed completed"),
        ("hub_restart", "PIXEL6_001 45.5% Hub not heard from failed"),
        ("hub_lost_then_back", "PIXEL6_001 45.5% Hub not heard from failed"),
        ("order_without_a_receipt", "PIXEL6_001 0.0% Initializing failed"),
    ],
)
def test_the_card_ends_right(name: str, shown: str) -> None:
    assert _pages(name)["browser"].cards[FIRST].shown() == shown


@pytest.mark.parametrize("name", STORIES)
def test_no_card_is_left_running(name: str) -> None:
    for page in _pages(name).values():
        assert not [c.job_id for c in page.cards.values() if c.status in {"running", "paused"}]


def test_a_job_that_is_cancelled_while_it_waits_leaves_no_card_and_no_error() -> None:
    page = _pages("queued_then_cancelled")["browser"]
    assert SECOND not in page.cards
    assert page.warnings == ["flash_queued"]


def test_a_page_opened_in_mid_flash_counts_from_the_original_start() -> None:
    page = _pages("hub_lost_then_back")["late"]
    assert page.cards[FIRST].started_at - START < 2_000
    assert page.cards[FIRST].shown() == "PIXEL6_001 100.0% Completed completed"


def test_a_page_that_reconnects_after_every_line_of_a_flash_shows_one_card_and_one_start() -> None:
    player, page = Player(), Hook()
    lines = [line for line in tell("happy") if "connects" not in line.get("do", "")]
    for line in lines:
        player.perform(line)
        if player.fleet.complete:
            connects = {"at": player.at, "do": "again connects"}
            for told in player.perform(connects):
                page.message(json.dumps(told["payload"]))
                assert page.cards[FIRST].started_at - START < 2_000
    assert all(card.progress <= 100 for card in page.cards.values())
    assert len(page.cards) == 1
