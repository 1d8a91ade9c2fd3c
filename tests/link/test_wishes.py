"""What a link would like to hear, and can do without."""

from __future__ import annotations

import pytest

from support.listener import Listener
from support.mqtt_peer import SUBSCRIBE, MqttPeer, mqtt_peer
from support.waiting import until

WITHIN = 10.0
NEEDED, WISHED = ("yard/#", 1), ("$SYS/broker/#", 0)


@pytest.mark.parametrize(
    ("verdicts", "is_up"),
    [(b"\x01\x00", True), (b"\x01\x80", True), (b"\x80\x00", False), (b"\x80\x80", False)],
    ids=["all granted", "the wish refused", "the need refused", "both refused"],
)
async def test_a_refused_wish_is_told_and_done_without_and_a_refused_need_is_not(
    verdicts: bytes, *, is_up: bool, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener()
    async with (
        mqtt_peer(MqttPeer(suback=None)) as peer,
        listener.link(peer.url, "bridge", NEEDED, wishes=[WISHED]) as link,
    ):
        await until(lambda: peer.of_type(SUBSCRIBE))
        peer.say(b"\x90\x04" + peer.of_type(SUBSCRIBE)[0][:2] + verdicts)
        if is_up:
            await link.wait_until_up(WITHIN)
        else:
            await until(lambda: "refused the subscription to yard/#" in link.down_reason)
            assert not link.is_up
    is_told = "does not grant $SYS/broker/#: done without" in caplog.text
    assert is_told == (verdicts == b"\x01\x80")
