"""What waits for a persistent session while its client is away."""

from __future__ import annotations

from flashyard_broker.limits import Limits
from support.defects import Serve, Served, defect, mended
from support.raw_mqtt import (
    DISCONNECT,
    PUBACK,
    SUBACK,
    Received,
    acknowledgement,
    packet,
    publish,
    subscribe,
)

EVENT = "yard/event"
MOST = 20


async def missed(broker: Served, *payloads: bytes) -> list[Received]:
    """Return what the bridge is sent when it comes back after these events, each acknowledged."""
    async with broker.client("hub") as hub:
        async with broker.client("bridge", clean=False) as bridge:
            await bridge.send(subscribe(EVENT, qos=1))
            await bridge.expect(SUBACK)
            await bridge.send(packet(DISCONNECT))
            assert await bridge.closed() == []
        for payload in payloads:
            await hub.send(publish(EVENT, payload, qos=1))
            await hub.expect(PUBACK)
        async with broker.client("bridge", clean=False) as bridge:
            await bridge.send(subscribe(EVENT, qos=1))  # its answer comes after what was kept
            heard: list[Received] = []
            while (got := await bridge.receive()).kind != SUBACK:
                heard.append(Received.read(got))
                await bridge.send(acknowledgement(PUBACK, heard[-1].packet_id or 0))
    return heard


@defect("D12", "nothing is kept for a persistent session whose client gave no name")
async def test_what_i_missed_is_kept_for_me_though_i_am_anonymous(serve: Serve) -> None:
    async with serve(anonymous=True) as broker:
        heard = await missed(broker, b"1", b"2")
        with mended():
            assert [message.payload for message in heard] == [b"1", b"2"]


@defect("D12", "what was kept comes with the retain flag")
async def test_what_i_missed_does_not_come_as_if_it_were_retained(serve: Serve) -> None:
    async with serve() as broker:
        heard = await missed(broker, b"1")
        assert [message.payload for message in heard] == [b"1"]
        with mended():
            assert not heard[0].retain


@defect("D12", "any number of messages is kept for a client that may never come back")
async def test_no_more_is_kept_for_me_than_there_is_room_for_and_the_newest_is(
    serve: Serve,
) -> None:
    payloads = [b"%d" % number for number in range(3 * MOST)]
    async with serve(limits=Limits(offline_queued=MOST)) as broker:
        heard = await missed(broker, *payloads)
        assert heard
        with mended():
            assert [message.payload for message in heard] == payloads[-MOST:]
