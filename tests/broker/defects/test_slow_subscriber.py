"""A subscriber that does not read: it costs the broker little, and others nothing."""

from __future__ import annotations

import psutil

from support.defects import Serve, defect, mended
from support.raw_mqtt import PUBACK, SUBACK, Received, acknowledgement, publish, subscribe

MIB = 1024 * 1024
MESSAGES, SIZE = 10_000, 2048  # more than the system's own buffers take
EVERY = 100  # an event after so many samples


@defect("D9", "a task waits for each message to a client that does not read, without a bound")
async def test_who_does_not_read_misses_old_progress_but_no_event(serve: Serve) -> None:
    async with (
        serve(apart=True) as broker,
        broker.client("stalled") as stalled,
        broker.client("bystander") as bystander,
        broker.client("hub") as hub,
    ):
        await stalled.send(subscribe("yard/progress"), subscribe("yard/event", qos=1))
        await stalled.expect(SUBACK)
        await stalled.expect(SUBACK)
        await bystander.send(subscribe("yard/end", qos=1))
        await bystander.expect(SUBACK)
        process = psutil.Process(broker.pid)
        before = process.memory_info().rss
        for first in range(0, MESSAGES, EVERY):
            samples = (
                publish("yard/progress", b"%d".ljust(SIZE) % number)
                for number in range(first, first + EVERY)
            )
            event = publish("yard/event", b"%d" % first, qos=1)
            await hub.send(*samples, event)
            await hub.expect(PUBACK)
        await hub.send(publish("yard/end", qos=1))
        await bystander.message(within=60)
        with mended():
            assert process.memory_info().rss - before < 10 * MIB
            await hub.send(publish("yard/event", b"end", qos=1))
            heard: list[Received] = []
            while not heard or heard[-1].payload != b"end":
                heard.append(await stalled.message())
                if heard[-1].packet_id is not None:
                    await stalled.send(acknowledgement(PUBACK, heard[-1].packet_id))
            heard += [Received.read(packet) for packet in await stalled.silent()]
            events = [each.payload for each in heard if each.topic == "yard/event"]
            assert events == [b"%d" % first for first in range(0, MESSAGES, EVERY)] + [b"end"]
            numbers = [int(each.payload) for each in heard if each.topic == "yard/progress"]
            assert numbers == sorted(numbers)
            assert numbers[-1] == MESSAGES - 1, "the newest is there"
            assert len(numbers) < MESSAGES
