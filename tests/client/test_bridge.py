from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from flashyard.client.answers import Refusal, StartRequest
from flashyard.client.bridge import Bridge, uses_proxy
from flashyard.client.unreachable import UnreachableError
from flashyard.client.upload import read, send
from flashyard.contract.faults import Code, FaultError
from flashyard.contract.phases import Status
from flashyard.contract.troubles import Quarantine
from support.brokers import free_port
from support.rig import Rig
from support.scripted_hub import queue, refuse_with
from support.served import served_bridge
from support.waiting import until

BROKEN = Quarantine(since=1, faults=3, code=Code.LINK_LOST, error="The link broke.")

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def client(rig: Rig, token: str | None = None) -> AsyncIterator[Bridge]:
    async with Bridge(str(rig.http.base_url), token) as bridge:
        yield bridge


async def test_what_the_bridge_knows_comes_as_the_contracts_records(rig: Rig) -> None:
    device = await rig.plug()
    async with client(rig) as bridge:
        assert device in {each.device_id for each in await bridge.devices()}
        assert [each.hub_id for each in await bridge.hubs()] == ["bench-a"]
        started = await bridge.start(StartRequest(device_id=device, partition="boot"))
        assert started.status == "started"
        assert started.ignored == ()
        job = await bridge.job(started.job_id)
        assert (job.device_id, job.partition, job.status) == (device, "boot", Status.RUNNING)
        assert job in await bridge.jobs()
        assert [each.job_id for each in await bridge.jobs("all", device)] == [started.job_id]


async def test_a_start_says_only_what_was_asked_for(rig: Rig) -> None:
    device = await rig.plug(slots=("a", "b"))
    async with client(rig) as bridge:
        await bridge.start(
            StartRequest(device_id=device, partition="boot", slot="b", erase=True, reboot=False)
        )
    (order,) = rig.hub.starts
    assert order.options.slot == "b"
    assert order.options.erase is True
    assert order.options.reboot is False
    assert order.options.verify is None


async def test_jobs_are_listed_over_all_pages(rig: Rig) -> None:
    device = await rig.plug()
    rig.hub.answer = queue
    async with client(rig) as bridge:
        for _ in range(3):
            await bridge.start(StartRequest(device_id=device, partition="boot"))
        listed = await bridge.jobs(device_id=device, page_size=2)
    assert len(listed) == 3
    assert len({job.job_id for job in listed}) == 3


async def test_a_refusal_is_the_bridges_own_fault(rig: Rig) -> None:
    device = await rig.plug()
    rig.hub.answer = refuse_with(Code.DEVICE_REFUSED, "partition is read-only")
    async with client(rig) as bridge:
        with pytest.raises(FaultError) as caught:
            await bridge.start(StartRequest(device_id=device, partition="boot"))
        assert caught.value.fault.code is Code.DEVICE_REFUSED
        assert caught.value.fault.details == "partition is read-only"
        with pytest.raises(FaultError) as caught:
            await bridge.job("job_1703001234_nobody")
        assert caught.value.fault.code is Code.UNKNOWN_JOB
        with pytest.raises(FaultError) as caught:
            await bridge.retry("job_1703001234_nobody")
        assert caught.value.fault.code is Code.UNKNOWN_JOB


async def test_a_job_is_told_to_end_and_asked_once_more(rig: Rig) -> None:
    device = await rig.plug()
    async with client(rig) as bridge:
        started = await bridge.start(StartRequest(device_id=device, partition="boot"))
        verdict = await bridge.tell("cancel", started.job_id)
        assert verdict.status is Status.RUNNING
        assert verdict.requested == "cancel"
        rig.hub.end(device, rig.job(started.job_id), Code.LINK_LOST)
        await until(lambda: rig.job(started.job_id).is_final)
        again = await bridge.retry(started.job_id)
        assert again.job_id != started.job_id


async def test_limits_are_changed_and_a_device_is_released(rig: Rig) -> None:
    device = await rig.plug(quarantine=BROKEN)
    async with client(rig) as bridge:
        started = await bridge.start(StartRequest(device_id=device, bandwidth_limit=7))
        job = await bridge.change_job(started.job_id, {"priority": 1, "bandwidthLimit": None})
        assert (job.priority, job.bandwidth_limit) == (1, None)
        changed = await bridge.change_device(device, {"bandwidthLimit": 9}, rig.hub.hub_id)
        assert (changed.bandwidth_limit, changed.quarantine) == (9, BROKEN)
        hub = await bridge.change_hub(rig.hub.hub_id, {"maxParallel": 3})
        assert hub.limits.max_parallel == 3
        assert (await bridge.release(device)).quarantine is None
        with pytest.raises(FaultError) as caught:
            await bridge.release(device, "nowhere")
        assert caught.value.fault.code is Code.UNKNOWN_HUB


async def test_an_image_is_sent_once_and_known_by_its_digest(rig: Rig, tmp_path: Path) -> None:
    content = b"boot" * 700_000
    path = tmp_path / "boot.img"
    path.write_bytes(content)
    seen = 0

    def advance(more: int) -> None:
        nonlocal seen
        seen += more

    async with client(rig) as bridge:
        image = await read(path, advance)
        assert (image.size, image.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert seen == len(content)
        assert not await bridge.has_image(image.sha256)
        await send(bridge, image, advance)
        assert seen == 2 * len(content)
        assert await bridge.has_image(image.sha256)
        assert image.sha256 in {each.sha256 for each in await bridge.images()}


async def test_an_image_that_changes_under_our_hands_is_noticed(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "boot.img"
    path.write_bytes(b"before")
    async with client(rig) as bridge:
        image = await read(path, _ignore)
        path.write_bytes(b"after!")
        with pytest.raises(FaultError) as caught:
            await send(bridge, image, _ignore)
    assert caught.value.fault.code is Code.IMAGE_DIGEST


@pytest.mark.parametrize(
    ("content", "code"), [(None, Code.INVALID_REQUEST), (b"", Code.IMAGE_CORRUPT)]
)
async def test_no_file_is_a_usage_error_and_an_empty_one_is_no_image(
    tmp_path: Path, content: bytes | None, code: Code
) -> None:
    path = tmp_path / "boot.img"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FaultError) as caught:
        await read(path, _ignore)
    assert caught.value.fault.code is code
    assert str(path) in caught.value.fault.sentence


async def test_a_token_lets_us_in_and_no_other_does(rig: Rig, tmp_path: Path) -> None:
    async with served_bridge(rig.broker.url, tmp_path / "images", token="sesame") as guarded:
        url = str(guarded.http.base_url)
        async with Bridge(url, "sesame") as bridge:
            assert await bridge.hubs()
        for token in (None, "wrong"):
            async with Bridge(url, token) as bridge:
                for ask in (bridge.hubs, lambda bridge=bridge: bridge.has_image("0" * 64)):
                    with pytest.raises(FaultError) as caught:
                        await ask()
                    assert caught.value.fault.rule.exit == 4


async def test_where_nobody_answers_the_bridge_is_unreachable_with_a_hint() -> None:
    async with Bridge(f"http://127.0.0.1:{free_port()}") as bridge:
        with pytest.raises(UnreachableError, match="Connection refused") as caught:
            await bridge.devices()
    assert "flashyard up" in caught.value.hint


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nNot Found",
        b'HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{"devices": 1}',
        b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
async def test_what_answers_as_no_bridge_does_is_none(answer: bytes) -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Bridge(f"http://127.0.0.1:{port}") as bridge:
            with pytest.raises(UnreachableError):
                await bridge.devices()


async def test_a_code_newer_than_this_client_keeps_its_words() -> None:
    fault = Refusal(error="Too hot.", code="too_hot", hint="Cool it.").fault()
    assert fault.code is Code.INTERNAL
    assert (fault.sentence, fault.hint, fault.details) == ("Too hot.", "Cool it.", "too_hot")


async def test_the_machines_proxy_is_not_asked_about_this_very_machine() -> None:
    assert not uses_proxy("http://127.0.0.1:8000")
    assert not uses_proxy("http://localhost:8000")
    assert uses_proxy("https://bridge.example")


def _ignore(_more: int) -> None:
    return None
