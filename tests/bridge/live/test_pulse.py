"""A peer that is there is never taken for dead, and one that is gone not left standing."""

from __future__ import annotations

import asyncio

from flashyard_bridge.live.pulse import Pulse
from support.waiting import until


async def test_silence_is_asked_about_and_then_taken_for_death_once() -> None:
    story: list[str] = []
    pulse = Pulse(
        lambda: story.append("ping"),
        lambda: story.append("dead"),
        ping_after=0.02,
        pong_within=0.02,
    )
    pulse.start()
    await until(lambda: "dead" in story)
    await asyncio.sleep(0.05)
    assert story == ["ping", "dead"]


async def test_who_answers_lives() -> None:
    story: list[str] = []

    def ping() -> None:
        story.append("ping")
        pulse.beat()

    pulse = Pulse(ping, lambda: story.append("dead"), ping_after=0.01, pong_within=0.01)
    pulse.start()
    await until(lambda: len(story) >= 5)
    pulse.stop()
    assert set(story) == {"ping"}


async def test_who_talks_is_not_even_asked() -> None:
    story: list[str] = []
    pulse = Pulse(lambda: story.append("ping"), lambda: None, ping_after=60, pong_within=60)
    pulse.start()
    pulse.beat()
    pulse._ask()  # when the timer of the start is due
    assert story == []
    assert pulse._timer is not None
    pulse.stop()


async def test_a_stopped_pulse_asks_nothing() -> None:
    story: list[str] = []
    pulse = Pulse(lambda: story.append("ping"), lambda: None, ping_after=0.01, pong_within=0.01)
    pulse.start()
    pulse.stop()
    await asyncio.sleep(0.03)
    assert story == []
