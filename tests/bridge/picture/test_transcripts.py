"""The golden transcripts: replayed to a real fleet, every browser is told what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.stories import FIRST, SECOND, STORIES, tell
from support.transcript import Player, read, write

GOLDEN = Path(__file__).parents[2] / "wire" / "transcripts"


@pytest.mark.parametrize("name", STORIES)
def test_the_browsers_are_told_what_the_transcript_says(name: str, *, golden_update: bool) -> None:
    path = GOLDEN / f"{name}.jsonl"
    if golden_update:
        player = Player()
        write(path, [each for line in tell(name) for each in (line, *player.perform(line))])
    golden, player = read(path), Player()
    told = [each for line in golden if "ws" not in line for each in (line, *player.perform(line))]
    assert told == golden


@pytest.mark.parametrize("name", STORIES)
def test_the_transcript_is_the_story_as_it_is_told_today(name: str) -> None:
    heard = [line for line in read(GOLDEN / f"{name}.jsonl") if "ws" not in line]
    assert heard == tell(name)


ENDINGS = {
    "happy": {"browser": {FIRST: "spppppphC"}},
    "queued_then_cancelled": {"browser": {FIRST: "spppppphC", SECOND: "qF"}},
    "pause_overtaken_by_a_sample": {"browser": {FIRST: "sppppzrpphC"}},
    "bridge_killed_in_mid_job": {"browser": {FIRST: "sppphC"}},
    "bridge_killed_while_the_job_ends": {"browser": {FIRST: "C"}},
    "broker_restart": {"browser": {FIRST: "sppppppphC"}},
    "hub_restart": {"browser": {FIRST: "spppppF"}},
    "hub_lost_then_back": {
        "browser": {FIRST: "spppppF"},
        "early": {},
        "late": {FIRST: "sppphC"},
    },
    "order_without_a_receipt": {"browser": {FIRST: "sF"}},
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_is_in_order_and_ends_as_it_should(name: str) -> None:
    player = Player()
    for line in tell(name):
        player.perform(line)
    letters = {
        browser: {job_id: watcher.letters(job_id) for job_id in watcher.seen}
        for browser, watcher in player.browsers.items()
    }
    assert letters == ENDINGS[name]
    assert [watcher.complaints() for watcher in player.browsers.values()] == [[]] * len(letters)
